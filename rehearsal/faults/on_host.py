"""What can break on a host: services, files, disk, memory, clock, power."""

from collections.abc import Mapping

from rehearsal.faults.fault import (
    Fault,
    FaultError,
    do,
    host_named,
    in_world,
    newest_host,
    on_newest_host,
    read_file,
    write_file,
)
from rehearsal.faults.storage import allow_again, deny, host_role
from rehearsal.inside import control
from rehearsal.outside.world import HostView, World

NGINX = "/etc/nginx/nginx.conf"
LOGIN_CHECK = "registry-auth.service"
SYNCED = "/var/lib/registry/users-synced"
LITTLE_MEMORY_PERCENT = 2
HOURS_WRONG = 2


def commanded(what: str, harm: tuple[str, ...], mend: tuple[str, ...]) -> Fault:
    """What one command does, and another undoes."""
    return on_newest_host(
        what, lambda world, host: _run(world, host, harm), lambda world, host: _run(world, host, mend)
    )


def _run(world: World, host: HostView, command: tuple[str, ...]) -> None:
    do(world, host, *command)


def stopped(what: str, service: str) -> Fault:
    """A service that somebody stopped."""
    return commanded(what, ("systemctl", "stop", service), ("systemctl", "start", service))


def not_executable(what: str, path: str) -> Fault:
    """A program that was damaged."""
    return commanded(what, ("chmod", "a-x", path), ("chmod", "a+x", path))


def edited(what: str, path: str, old: str, new: str, *after: tuple[str, ...]) -> Fault:
    """A file in which somebody wrote ``new`` for ``old``, and the commands with which it took effect."""

    def begin(world: World) -> dict[str, str]:
        host = newest_host(world)
        before = read_file(world, host, path)
        if old not in before:
            raise FaultError(f"{path} on {host.id} does not have {old!r} in it")
        write_file(world, host, path, before.replace(old, new, 1))
        for command in after:
            world.run_on_host(host, *command)
        return {"host": host.id, "before": before}

    def end(world: World, remembered: Mapping[str, str]) -> None:
        if host := host_named(world, remembered["host"]):
            write_file(world, host, path, remembered["before"])
            for command in after:
                do(world, host, *command)

    return Fault(what, begin, end)


def _stop_login_check(world: World, host: HostView) -> None:
    do(world, host, "systemctl", "stop", LOGIN_CHECK)
    _forget_logins(world, host)


def _start_login_check(world: World, host: HostView) -> None:
    do(world, host, "systemctl", "start", LOGIN_CHECK)


def _stop_docker(world: World, host: HostView) -> None:
    # Its containers outlive Docker (live-restore): with this one, clients are hit too.
    do(world, host, "docker", "stop", "registry")
    do(world, host, "systemctl", "stop", "docker.socket", "docker.service")


def _start_docker(world: World, host: HostView) -> None:
    do(world, host, "systemctl", "start", "docker.service")
    do(world, host, "docker", "start", "registry")


def _lose_users(world: World, host: HostView) -> None:
    # It would write them again within the minute.
    do(world, host, "systemctl", "stop", "registry-users.timer")
    do(world, host, "rm", "--force", "/etc/registry/users/push", "/etc/registry/users/pull")
    _forget_logins(world, host)


def _write_users(world: World, host: HostView) -> None:
    do(world, host, "/opt/registry/bin/sync-users")
    do(world, host, "systemctl", "start", "registry-users.timer")


def _hide_users(world: World) -> dict[str, str]:
    """From the host's role, twenty minutes ago."""
    host = newest_host(world)
    role = deny(world, host_role(world), "ssm:GetParametersByPath", "*")
    do(world, host, "touch", "--date=20 minutes ago", SYNCED)
    return {"host": host.id, "role": role}


def _show_users(world: World, remembered: Mapping[str, str]) -> None:
    allow_again(world, remembered["role"])
    if host := host_named(world, remembered["host"]):
        do(world, host, "/opt/registry/bin/sync-users")


def _forget_logins(world: World, host: HostView) -> None:
    """As the host does when a login is not what it was: they would hide a broken login check for a minute."""
    do(world, host, "bash", "-c", ". /opt/registry/lib/logins.bash && forget_logins")


def _fill_disk(world: World, host: HostView) -> None:
    free = int(do(world, host, "df", "--output=avail", "--block-size=1", "/").split()[-1])
    # Allocated without being written: it takes the host's disk, and no time.
    do(world, host, "fallocate", f"--length={free - free // 100}", "/var/tmp/grown")  # noqa: S108


def _empty_disk(world: World, host: HostView) -> None:
    do(world, host, "rm", "--force", "/var/tmp/grown")  # noqa: S108


def _exhaust_memory(world: World, host: HostView) -> None:
    """The host shares this machine's memory, and would take everybody's: it is told of a smaller one."""
    lines = read_file(world, host, "/proc/meminfo").splitlines()
    total = int(next(line.split()[1] for line in lines if line.startswith("MemTotal:")))
    left = total * LITTLE_MEMORY_PERCENT // 100
    told = [
        f"{line.split()[0]} {left} kB" if line.startswith(("MemFree:", "MemAvailable:")) else line
        for line in lines
    ]
    do(world, host, "touch", "/run/meminfo")
    write_file(world, host, "/run/meminfo", "\n".join(told) + "\n")
    do(world, host, "mount", "--bind", "/run/meminfo", "/proc/meminfo")


def _free_memory(world: World, host: HostView) -> None:
    do(world, host, "umount", "/proc/meminfo")


def _set_clock_wrong(world: World, host: HostView) -> None:
    """This machine's clock stays: every program started from now on sees another."""
    library = in_world(
        world, "find", f"{world.state['client_root']}/usr/lib", "-name", "libfaketime.so.1"
    ).split()[0]
    in_world(world, "cp", library, f"/proc/{host.leader_pid}/root/usr/lib/libfaketime.so.1")
    do(world, host, "touch", "/etc/faketimerc", "/etc/ld.so.preload")
    write_file(world, host, "/etc/faketimerc", f"-{HOURS_WRONG}h\n")
    write_file(world, host, "/etc/ld.so.preload", "/usr/lib/libfaketime.so.1\n")


def _set_clock_right(world: World, host: HostView) -> None:
    do(world, host, "rm", "--force", "/etc/ld.so.preload", "/etc/faketimerc")


def _cut_power(world: World) -> str:
    host = newest_host(world)
    control.ask(world.workplace, "power", instance_id=host.id, on=False)
    return host.id


def _restore_power(world: World, instance_id: str) -> None:
    # Without power it has no process 1, and is none of the hosts that can be entered.
    if instance_id in [host.id for host in world.hosts()] and not host_named(world, instance_id):
        control.ask(world.workplace, "power", instance_id=instance_id, on=True)


FAULTS: Mapping[str, Fault] = {
    "nginx-stopped": stopped("somebody stops nginx", "nginx.service"),
    "nginx-config-broken": edited(
        "a typing error in nginx.conf, and nginx is restarted with it",
        NGINX, "http {", "http {\n    this is no configuration;", ("systemctl", "restart", "nginx.service"),
    ),
    "login-check-stopped": on_newest_host(
        "the small nginx that checks passwords is stopped", _stop_login_check, _start_login_check
    ),
    "front-door-silent": commanded(
        "nginx hangs: connections are accepted, nothing answers",
        ("systemctl", "kill", "--signal=STOP", "nginx.service"),
        ("systemctl", "kill", "--signal=CONT", "nginx.service"),
    ),
    "not-the-registry": edited(
        "another site is put in the registry's place on this host",
        NGINX, "location /v2/ {", "location /v2/ {\n            return 200 '<html>It works!</html>';",
        ("systemctl", "reload", "nginx.service"),
    ),
    "registry-stopped": commanded(
        "docker stop registry", ("docker", "stop", "registry"), ("docker", "start", "registry")
    ),
    "registry-crash-looping": edited(
        "registry.yml is damaged, and the container is restarted with it",
        "/etc/registry/registry.yml", "version: 0.1", "version: 0.1\nstorage: [",
        ("docker", "restart", "registry"),
    ),
    "docker-stopped": on_newest_host("the container and Docker are stopped", _stop_docker, _start_docker),
    "disk-full": on_newest_host("something grows until the host's disk is full", _fill_disk, _empty_disk),
    "memory-exhausted": on_newest_host("the host has 2 % of its memory left", _exhaust_memory, _free_memory),
    "clock-wrong": on_newest_host(
        "the host's clock is two hours behind", _set_clock_wrong, _set_clock_right
    ),
    "host-gone": Fault("the host loses its power; EC2 does not notice", _cut_power, _restore_power),
    "ssm-offline": stopped("the SSM agent is stopped", "amazon-ssm-agent.service"),
    "users-missing": on_newest_host(
        "the password files are deleted, and nobody writes them", _lose_users, _write_users
    ),
    "users-outdated": Fault("the host's role may not read the users any more", _hide_users, _show_users),
    "diagnosis-unreadable": not_executable("the verb diagnose is damaged", "/opt/registry/bin/diagnose"),
    "unexplained": edited(
        "nginx looks for the registry on another port",
        NGINX, "server 127.0.0.1:5000;", "server 127.0.0.1:5999;", ("systemctl", "reload", "nginx.service"),
    ),
}  # fmt: skip
