"""Hosts' wires on a bridge, in a network of the test's own. Needs root."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.contract.world_network import BRIDGE
from rehearsal.inside.hosts import wire
from rehearsal.inside.hosts.network import GATEWAY, METADATA_ADDRESS, VPC_PREFIX, ip_batch
from tests.support.internet_world import namespace
from tests.support.waiting import until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: wires need root; run `sudo make test`")

IN_ONE_VPC, IN_ANOTHER = "i-4b78058eb9ed9b19c", "i-564d96b01bd839820"
ADDRESS, MAC = "10.0.0.4", "02:00:0a:00:00:04"


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[None]:
    run = tmp_path / "run"
    run.mkdir()
    with namespace(run):
        ip_batch(
            f"link add {BRIDGE} type bridge",
            f"address add {GATEWAY}/{VPC_PREFIX} dev {BRIDGE}",
            f"address add {METADATA_ADDRESS}/32 dev {BRIDGE}",
            f"link set {BRIDGE} up",
        )
        try:
            yield
        finally:
            for each in (IN_ONE_VPC, IN_ANOTHER):
                wire.detach(each)


@pytest.mark.usefixtures("bridge")
def test_a_host_has_the_address_of_one_that_is_gone_although_its_network_is_still_held() -> None:
    wire.attach(IN_ONE_VPC, ADDRESS, MAC)
    with subprocess.Popen(["ip", "netns", "exec", IN_ONE_VPC, "cat"], stdin=subprocess.PIPE) as holder:
        until(lambda: Path(f"/proc/{holder.pid}/comm").read_text() == "cat\n")
        wire.detach(IN_ONE_VPC)
        wire.attach(IN_ANOTHER, ADDRESS, MAC)
        until(lambda: answers(ADDRESS))


@pytest.mark.usefixtures("bridge")
def test_a_host_without_power_leaves_its_address_to_another() -> None:
    wire.attach(IN_ONE_VPC, ADDRESS, MAC)
    wire.set_power(IN_ONE_VPC, on=False)
    assert not answers(ADDRESS)
    wire.attach(IN_ANOTHER, ADDRESS, MAC)
    until(lambda: answers(ADDRESS))


def answers(address: str) -> bool:
    """A kernel that is there refuses a connection to a closed port."""
    try:
        socket.create_connection((address, 9), timeout=1).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return True
