"""Two living hosts: both save their certificate, or renew it, at the same time; then the older one goes."""

import time
from concurrent.futures import ThreadPoolExecutor

from bench.deaths import saved
from bench.deaths.belongings import orders
from rehearsal.contract import product
from rehearsal.contract.world_state import Host
from rehearsal.faults import certificate
from rehearsal.faults.fault import FaultError, Target
from rehearsal.faults.renewal import DUE_DAYS
from rehearsal.outside.world import World

LONGEST_START_SECONDS, SAVES = 300, 5


def save_at_once(world: World, _older: Host) -> None:
    """Again and again."""
    pair = _pair(world)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda target: target.do(product.SAVE_CERTIFICATE), pair * SAVES))
    _want(world, 1)


def renew_at_once(world: World, _older: Host) -> None:
    """Each of them makes an order. The authority's challenge arrives where the address leads, so one may fail, with
    its reason; its next renewal takes what the other has saved. Raises FaultError: it was otherwise."""
    certificate.put(world, age_days=DUE_DAYS)
    pair = _pair(world)
    before = saved.versions(world)
    with ThreadPoolExecutor() as pool:
        said = list(pool.map(_renew, pair))
    if not all("renewed=yes" in each or "reason=" in each for each in said) or not any("=yes" in each for each in said):
        raise FaultError(f"expected one host to renew, and the other to renew or to say why not, saw {said}")
    # Every version: a partial one must never have been there.
    serials = [saved.serial_of(world, version) for version in saved.versions(world) if version not in before]
    ordered = orders(world)
    again = [_renew(target) for target in pair]
    if not serials or not all(f"serial={serials[0]}" in each for each in again) or orders(world) != ordered:
        raise FaultError(f"expected both hosts to take the saved one of {serials} without an order, saw {again}")
    _want(world, 1)


def _renew(target: Target) -> str:
    return target.world.run_on_host(
        target.host, product.RENEW_CERTIFICATE, timeout_seconds=LONGEST_START_SECONDS
    ).stdout


def _pair(world: World) -> list[Target]:
    """Once both serve."""
    _want(world, 2)
    deadline = time.monotonic() + LONGEST_START_SECONDS
    while len(serving := [Target(world, each) for each in world.hosts() if world.serves(each)]) < 2:
        if time.monotonic() > deadline:
            raise FaultError(f"no second host serves after {LONGEST_START_SECONDS} s")
        time.sleep(0.2)
    return serving


def _want(world: World, hosts: int) -> None:
    autoscaling = world.aws("autoscaling")
    (group,) = autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    name = group["AutoScalingGroupName"]
    autoscaling.update_auto_scaling_group(AutoScalingGroupName=name, DesiredCapacity=hosts)
