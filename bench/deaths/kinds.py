"""The ways in which a host or one of its processes dies. Nobody but AWS and the host itself brings it back."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.deaths import deployment, pair, saved
from bench.deaths.belongings import host
from rehearsal.contract import product
from rehearsal.contract.world_state import Host
from rehearsal.faults.fault import Target
from rehearsal.outside.world import World

LONGEST_BOOT_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Kind:
    """``die`` makes the death. ``life`` names what died, is another word afterwards, and is empty while it is dead.
    ``hands_over``: the old host serves until the new one does, so that the longest gap between two pulls counts.
    ``renews``: the certificate is another one afterwards, that of the state bucket."""

    what: str
    die: Callable[[World, Host], object]
    life: Callable[[World], str]
    replaces: bool = False
    hands_over: bool = False
    is_process: bool = False
    renews: bool = False


def _host_that_serves(world: World) -> str:
    hosts = world.hosts()
    return hosts[0].id if len(hosts) == 1 and world.serves(hosts[0]) else ""


def _host_that_tells_of_damage(world: World) -> str:
    """In the host log."""
    if found := _host_that_serves(world):
        group = Target.newest(world).setting(product.HOST_LOG_GROUP)
        events = world.aws("logs").filter_log_events(logGroupName=group)["events"]
        told = (each["message"] for each in events if each["logStreamName"] == found)
        return found if any("the saved certificate is damaged" in each for each in told) else ""
    return ""


def _boot_that_serves(world: World) -> str:
    return str(host(world).leader_pid) if _host_that_serves(world) else ""


def _process(unit: str) -> Callable[[World], str]:
    def life(world: World) -> str:
        shown = world.run_on_host(host(world), "systemctl", "show", "--property=MainPID", "--value", unit)
        return shown.stdout.strip().removeprefix("0")

    return life


def _registry(world: World) -> str:
    shown = world.run_on_host(host(world), "docker", "inspect", "--format={{.State.Pid}}", product.CONTAINER)
    return shown.stdout.strip().removeprefix("0")


def _lose_power(world: World, dying: Host) -> None:
    world.control.power(dying.id, on=False)
    world.control.fail_check(dying.id, "EC2")


def _lose_disk(world: World, dying: Host) -> None:
    world.control.lose_disk(dying.id)
    world.control.fail_check(dying.id, "EBS")


def _fail_power(world: World, dying: Host) -> None:
    world.control.power(dying.id, on=False)
    world.control.power(dying.id, on=True)


def _fail_power_of_the_new_host(world: World, dying: Host) -> None:
    """At any moment of its first boot."""
    _terminate(world, dying)
    while not (new := [each for each in world.hosts() if each.id != dying.id and each.leader_pid]):
        time.sleep(0.2)
    time.sleep(random.uniform(0, LONGEST_BOOT_SECONDS))  # noqa: S311  nothing secret is drawn
    _fail_power(world, new[0])


def _terminate(world: World, dying: Host) -> None:
    world.aws("ec2").terminate_instances(InstanceIds=[dying.id])


def _terminate_with_half_a_certificate(world: World, dying: Host) -> None:
    saved.cut_in_half(world)
    _terminate(world, dying)


def _mark_unhealthy(world: World, dying: Host) -> None:
    autoscaling = world.aws("autoscaling")
    autoscaling.set_instance_health(InstanceId=dying.id, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False)


def _kill(unit: str) -> Kind:
    argv = ("systemctl", "kill", "--signal=KILL", unit)
    return Kind(
        f"{unit} is killed", lambda world, dying: Target(world, dying).do(*argv), _process(unit), is_process=True
    )


def _kill_registry(world: World, dying: Host) -> None:
    # `docker kill` would tell Docker not to start it again.
    Target(world, dying).do("kill", "-KILL", _registry(world))


KINDS: Mapping[str, Kind] = {
    "power-cut": Kind(
        "power cut; EC2's status check fails", _lose_power, _host_that_serves, replaces=True
    ),
    "disk-lost": Kind(
        "disk lost; EC2's check of attached volumes fails", _lose_disk, _host_that_serves, replaces=True
    ),
    "terminated": Kind("TerminateInstances", _terminate, _host_that_serves, replaces=True),
    "half-saved": Kind(
        "TerminateInstances, with half of the certificate saved",
        _terminate_with_half_a_certificate,
        _host_that_tells_of_damage,
        replaces=True,
    ),
    "unhealthy": Kind(
        "SetInstanceHealth, as the repair calls it", _mark_unhealthy, _host_that_serves, replaces=True
    ),
    "update": Kind(
        "`cdk deploy` of other user data: longest gap",
        deployment.change_user_data,
        _host_that_serves,
        replaces=True,
        hands_over=True,
    ),
    "machine-image": Kind(
        "`cdk deploy` of another AMI: longest gap",
        deployment.change_machine_image,
        _host_that_serves,
        replaces=True,
        hands_over=True,
    ),
    "two-hosts": Kind(
        "two hosts that save at once, then the older one goes: longest gap",
        pair.save_at_once,
        _host_that_serves,
        replaces=True,
        hands_over=True,
    ),
    "two-renewals": Kind(
        "two hosts that renew at once, then the older one goes: longest gap",
        pair.renew_at_once,
        _host_that_serves,
        replaces=True,
        hands_over=True,
        renews=True,
    ),
    "power-failure": Kind("power cut, and power at once; what was not synced is lost", _fail_power, _boot_that_serves),
    "power-failure-at-boot": Kind(
        "TerminateInstances, and such a power failure in the new host's first 15 s",
        _fail_power_of_the_new_host,
        _host_that_serves,
        replaces=True,
    ),
    "reboot": Kind(
        "reboot", lambda world, dying: world.run_on_host(dying, "systemctl", "reboot"), _boot_that_serves
    ),
    "registry": Kind("the registry's process is killed", _kill_registry, _registry, is_process=True),
    "nginx": _kill(product.NGINX),
    "login-check": _kill(product.LOGIN_CHECK),
    "docker": _kill("docker.service"),
}  # fmt: skip
