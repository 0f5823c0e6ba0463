"""What is killed in a rehearsal: processes of the host, the host itself, and its way to S3."""

import json
import random
import time
from functools import partial
from pathlib import Path

from bench.soak.killer import MissedError, Victim
from rehearsal.contract import product
from rehearsal.contract.world_network import BRIDGE, S3_ADDRESS
from rehearsal.contract.world_state import Host
from rehearsal.faults.fault import in_world
from rehearsal.faults.reachability import TABLE, drop, let_through
from rehearsal.outside.world import World

STRIKE = Path(__file__).with_name("strike.bash").read_text()
TO_S3 = f"iifname {BRIDGE} ip daddr {S3_ADDRESS} meta l4proto tcp counter"
CUT_SECONDS = (2.0, 8.0)
REPLACEMENT_SECONDS = 240


def victims(world: World) -> tuple[Victim, ...]:
    """A bag has 21."""
    return (
        Victim("registry", partial(_process, world, "container", product.CONTAINER), share=5),
        Victim("nginx", partial(_process, world, "unit", product.NGINX), share=3),
        Victim("a worker of nginx", partial(_process, world, "worker", product.NGINX), share=3),
        Victim("login check", partial(_process, world, "unit", product.LOGIN_CHECK), share=2),
        Victim("dockerd", partial(_process, world, "unit", "docker.service"), share=2),
        Victim("containerd", partial(_process, world, "unit", "containerd.service")),
        Victim("way to S3, silently", partial(_way_to_s3, world, f"{TO_S3} drop"), share=2),
        Victim("way to S3, with resets", partial(_way_to_s3, world, f"{TO_S3} reject with tcp reset"), share=2),
        Victim("host", partial(_host, world), recovery_seconds=REPLACEMENT_SECONDS),
    )


def _process(world: World, what: str, name: str, _chance: random.Random) -> str:
    done = world.run_on_host(_serving(world), "bash", "-s", what, name, stdin=STRIKE)
    if done.returncode or not done.stdout.strip():
        raise MissedError(done.stderr.strip() or f"exit code {done.returncode}")
    return done.stdout.strip()


def _way_to_s3(world: World, rule: str, chance: random.Random) -> str:
    """For some seconds. It is hit if packets were dropped or refused."""
    seconds = chance.uniform(*CUT_SECONDS)
    drop(world, rule)
    try:
        time.sleep(seconds)
        listed = json.loads(in_world(world, "nft", "--json", "list", "chain", "inet", TABLE, "input"))["nftables"]
    finally:
        let_through(world)
    parts = [part for each in listed if "rule" in each for part in each["rule"]["expr"]]
    packets = sum(part["counter"]["packets"] for part in parts if "counter" in part)
    if not packets:
        raise MissedError(f"no packet went to S3 in {seconds:.1f} s")
    return f"{packets} packets in {seconds:.1f} s"


def _host(world: World, _chance: random.Random) -> str:
    """It loses its power. EC2's status check sees that, here at once, and the group replaces the host. Returns when
    another one serves."""
    host = _serving(world)
    world.control.power(host.id, on=False)
    autoscaling = world.aws("autoscaling")
    autoscaling.set_instance_health(InstanceId=host.id, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False)
    began = time.monotonic()
    while time.monotonic() - began < REPLACEMENT_SECONDS:
        for other in world.hosts():
            if other.id != host.id and world.serves(other):
                return f"{host.id}; {other.id} served {time.monotonic() - began:.0f} s later"
        time.sleep(0.5)
    raise MissedError(f"{host.id} has no power, and no other host served within {REPLACEMENT_SECONDS} s")


def _serving(world: World) -> Host:
    """Raises MissedError: no host has power."""
    hosts = [host for host in world.hosts() if host.leader_pid is not None]
    if not hosts:
        raise MissedError("no host has power")
    return hosts[-1]
