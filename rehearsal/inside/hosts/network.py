"""The world's network: the VPC's bridge, the internet gateway, and the Elastic IPs.

Runs inside the world: every interface, route and rule here is the world's own and ends with it.
"""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rehearsal.contract.world_network import BRIDGE, S3_ADDRESS, WORLD_ADDRESS
from rehearsal.machine.world.namespaces import MTU_BYTES, OUTSIDE_PEER

GATEWAY = "10.0.0.1"
# Every address block that the product's VPC may have.
VPC_PREFIX = 14
GATEWAY_MAC = "02:00:0a:00:00:01"
METADATA_ADDRESS = "169.254.169.254"
# 10.77.0.100-199 in the fewest blocks that stay clear of the world's own address
ELASTIC_BLOCKS = ("10.77.0.96/27", "10.77.0.128/26", "10.77.0.192/29")
# Of the connections that a host opens to the internet (vpc.nft).
OUTWARD_MARK = "1"


@dataclass(frozen=True, slots=True)
class OpenPorts:
    """TCP ports, both ends included, that a security group opens to sources in `cidr`."""

    cidr: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Forward:
    """An associated Elastic IP: its host, and the ports that the security group opens."""

    private_ip: str
    open_ports: tuple[OpenPorts, ...]


class Network:
    def __init__(self) -> None:
        self._leads_to: dict[str, str] = {}
        self._online: dict[str, str] = {}
        _write_sysctl("net/ipv4/ip_forward", "1")
        ip_batch(
            # An address of its own: else it is that of a port, and changes when that host goes.
            f"link add {BRIDGE} address {GATEWAY_MAC} mtu {MTU_BYTES} type bridge",
            f"address add {GATEWAY}/{VPC_PREFIX} dev {BRIDGE}",
            f"address add {METADATA_ADDRESS}/32 dev {BRIDGE}",
            f"link set {BRIDGE} up",
            f"address add {WORLD_ADDRESS}/24 dev {OUTSIDE_PEER}",
            f"address add {S3_ADDRESS}/24 dev {OUTSIDE_PEER}",
            f"link set {OUTSIDE_PEER} up",
            # Beyond the gateway, so that the world answers for them to the machine's ARP, and so that the
            # world's own clients call them from the address the outside knows.
            *(f"route add {block} dev {BRIDGE} src {WORLD_ADDRESS}" for block in ELASTIC_BLOCKS),
        )
        _write_sysctl(f"net/ipv4/conf/{OUTSIDE_PEER}/proxy_arp", "1")
        _write_sysctl(f"net/ipv4/neigh/{OUTSIDE_PEER}/proxy_delay", "0")
        # Where the machine has br_netfilter, NAT would act on frames as they cross the bridge, and what
        # a host sends to its own Elastic IP would be dropped there.
        if Path("/proc/sys/net/bridge").exists():
            _write_sysctl("net/bridge/bridge-nf-call-iptables", "0")
        # A gateway that sends a host's packet back to the VPC must not teach it a shorter way round the NAT.
        for name in ("all", BRIDGE):
            _write_sysctl(f"net/ipv4/conf/{name}/send_redirects", "0")
        # A connection whose process was killed would try for minutes to say goodbye to a peer that is dead
        # too, and hold this network, with the link on the machine, for as long.
        _write_sysctl("net/ipv4/tcp_orphan_retries", "1")
        _nft(Path(__file__).with_name("vpc.nft").read_text())
        # What comes in the middle of a connection that the gateway does not know starts none, and is dropped.
        _write_sysctl("net/netfilter/nf_conntrack_tcp_loose", "0")
        # The rest of a known one is the two ends' own affair.
        _write_sysctl("net/netfilter/nf_conntrack_tcp_be_liberal", "1")

    def apply_addresses(self, forwards: Mapping[str, Forward], online: Mapping[str, str]) -> None:
        """In one transaction. ``forwards``: Elastic IP -> where it leads now; one that is not named leads nowhere.
        ``online``: private address -> the public one with which that host reaches the internet; the others do not.
        Connections over an address that left its host are dead, without a word to either end."""
        _nft(render_addresses(forwards, online))
        leads_to = {address: forward.private_ip for address, forward in forwards.items()}
        for address, old_host in departures(self._leads_to, leads_to):
            _forget_connections("--orig-dst", address, "--reply-src", old_host)
        for host, _ in departures(self._online, online):
            _forget_connections("--orig-src", host, "--mark", OUTWARD_MARK)
        self._leads_to, self._online = leads_to, dict(online)


def departures(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The entries that are not the same afterwards, as they were."""
    return tuple((key, value) for key, value in before.items() if after.get(key) != value)


def render_addresses(forwards: Mapping[str, Forward], online: Mapping[str, str]) -> str:
    rules = [
        f"add rule ip vpc forwards ip saddr {ports.cidr} ip daddr {address} "
        f"tcp dport {ports.first}-{ports.last} dnat to {forward.private_ip}"
        for address, forward in sorted(forwards.items())
        for ports in forward.open_ports
    ]
    # A host may hold several; the others see one of them.
    owners = {forward.private_ip: address for address, forward in sorted(forwards.items(), reverse=True)}
    owned = ", ".join(f"{private_ip} : {address}" for private_ip, address in sorted(owners.items()))
    elements = [f"add element ip vpc elastic {{ {owned} }}"] if owned else []
    if online:
        elements.append(f"add element ip vpc online {{ {', '.join(sorted(online))} }}")
    flushes = ["flush chain ip vpc forwards", "flush map ip vpc elastic", "flush set ip vpc online"]
    return "\n".join([*flushes, *rules, *elements]) + "\n"


def ip_batch(*commands: str, namespace: str | None = None) -> None:
    inside = ["-netns", namespace] if namespace else []
    _feed(["ip", *inside, "-batch", "-"], "\n".join(commands))


def _forget_connections(*which: str) -> None:
    # Exit code 1 says that there was none.
    subprocess.run(["conntrack", "--delete", *which], capture_output=True)


def _nft(rules: str) -> None:
    _feed(["nft", "--file", "-"], rules)


def _feed(command: list[str], text: str) -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} refused:\n{done.stderr.strip()}\nof\n{text}")


def _write_sysctl(path: str, value: str) -> None:
    Path("/proc/sys", path).write_text(value)
