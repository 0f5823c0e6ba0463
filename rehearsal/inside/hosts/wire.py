"""A host's wire: its one interface, in a network namespace of its own, and the other end on the VPC's bridge.

A wire bears the name of its instance: an address of another VPC may be the same.
"""

import subprocess
from pathlib import Path

from rehearsal.contract.world_network import BRIDGE
from rehearsal.inside.hosts.network import GATEWAY, METADATA_ADDRESS, VPC_PREFIX, ip_batch
from rehearsal.machine.world.namespaces import MTU_BYTES

HOST_INTERFACE = "ens5"
# Linux's IFNAMSIZ, without the end of the string.
LONGEST_NAME = 15


def attach(instance_id: str, private_ip: str, mac_address: str) -> Path:
    """Returns the network namespace's path."""
    detach(instance_id)
    link = _link_name(instance_id)
    ip_batch(
        f"netns add {instance_id}",
        f"link add {link} mtu {MTU_BYTES} type veth peer name {HOST_INTERFACE} mtu {MTU_BYTES} netns {instance_id}",
        f"link set {link} master {BRIDGE} up",
    )
    ip_batch(
        "link set lo up",
        f"link set {HOST_INTERFACE} address {mac_address}",
        f"address add {private_ip}/{VPC_PREFIX} dev {HOST_INTERFACE}",
        f"link set {HOST_INTERFACE} up",
        f"route add default via {GATEWAY}",
        f"route add {METADATA_ADDRESS} dev {HOST_INTERFACE}",
        namespace=instance_id,
    )
    return Path("/run/netns", instance_id)


def set_power(instance_id: str, *, on: bool) -> None:
    """Without power a host's wire is dead: its kernel, which is this machine's, would still answer."""
    ip_batch(f"link set {_link_name(instance_id)} {'up' if on else 'down'}")


def detach(instance_id: str) -> None:
    """The namespace itself stays for minutes: dead processes' connections hold it, which say goodbye to their peers."""
    subprocess.run(["ip", "link", "delete", _link_name(instance_id)], capture_output=True)
    if Path("/run/netns", instance_id).exists():
        ip_batch(f"netns delete {instance_id}")


def _link_name(instance_id: str) -> str:
    return instance_id.replace("-", "")[-LONGEST_NAME:]
