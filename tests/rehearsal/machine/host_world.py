"""The world of test_host.py: hosts with no product on them, told what to do from the machine by XML-RPC."""

import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from xmlrpc.server import SimpleXMLRPCServer

from rehearsal.inside import metadata
from rehearsal.inside.host import Host, Launch
from rehearsal.inside.metadata import Metadata
from rehearsal.inside.network import METADATA_ADDRESS, WORLD_ADDRESS, Forward, Network, OpenPorts
from rehearsal.machine import roots
from rehearsal.machine.namespaces import WAY_OUT_RESOLVER
from rehearsal.machine.workplace import Workplace

PORT = 9000
ACCOUNT = "123456789012"


def workplace() -> Workplace:
    """The cache of this machine's rehearsals, and a run directory of the tests' own."""
    ours = Workplace.of_this_machine()
    return replace(ours, run=ours.run.with_name("registry-rehearsal-test"))


class TestWorld:
    """What the tests may ask for: every public method is a remote one."""

    def __init__(self) -> None:
        self._workplace = workplace()
        self._network = Network()
        self._root = roots.base(self._workplace, print)
        self._trust = roots.trust_layer(self._workplace, self._root, self._make_authority())
        self._hosts: dict[str, Host] = {}
        self._metadata: dict[str, Metadata] = {}
        metadata.serve(METADATA_ADDRESS, self._metadata.get)
        threading.Thread(target=forward_names, daemon=True).start()

    def boot(self, instance_id: str, private_ip: str, user_data: str) -> bool:
        mac = "02:00:" + ":".join(f"{int(byte):02x}" for byte in private_ip.split("."))
        entries = {
            "instance-id": instance_id,
            "local-ipv4": private_ip,
            "local-hostname": f"{instance_id}.internal",
            "mac": mac,
            "placement/region": "eu-central-1",
            f"network/interfaces/macs/{mac}/device-number": "0",
            f"network/interfaces/macs/{mac}/local-ipv4s": private_ip,
        }
        self._metadata[private_ip] = Metadata(entries, user_data.encode(), ACCOUNT)
        launch = Launch(instance_id, private_ip, mac, self._root, self._trust)
        self._hosts[instance_id] = Host.boot(self._workplace, self._network, launch)
        return True

    def wait(self, instance_id: str) -> Sequence[object]:
        self._hosts[instance_id].wait_until_booted(120)
        return self._hosts[instance_id].boot_result()

    def run(self, instance_id: str, argv: list[str], timeout_seconds: int) -> Sequence[object]:
        try:
            done = self._hosts[instance_id].run(argv, timeout_seconds)
        except subprocess.TimeoutExpired:
            return ("timeout", "")
        return (done.returncode, done.stdout + done.stderr)

    def reboot(self, instance_id: str) -> int:
        host = self._hosts[instance_id]
        before, leader = host.boots, host.leader_pid
        host.reboot()
        while host.boots == before or host.leader_pid == leader:
            pass
        return host.boots

    def lose_power(self, instance_id: str) -> bool:
        self._hosts[instance_id].cut_power()
        running = self._hosts[instance_id].is_running()
        self._hosts[instance_id].start()
        return running

    def remove(self, instance_id: str) -> bool:
        self._hosts.pop(instance_id).remove(keep_logs=True)
        return True

    def apply_addresses(self, forwards: Mapping[str, tuple[str, list[list[str]]]]) -> bool:
        self._network.apply_addresses(
            {
                address: Forward(
                    private_ip, tuple(OpenPorts(cidr, int(first), int(last)) for cidr, first, last in ports)
                )
                for address, (private_ip, ports) in forwards.items()
            }
        )
        return True

    def call(self, url: str) -> str:
        """As a client in the world."""
        return subprocess.run(
            ["curl", "-sS", "--max-time", "1", url], check=False, capture_output=True, text=True
        ).stdout

    def _make_authority(self) -> Path:
        certificate = self._workplace.run / "authority.crt"
        # fmt: off
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-keyout", str(self._workplace.run / "authority.key"), "-out", str(certificate),
             "-subj", "/CN=An authority of the test's own", "-days", "1"],
            check=True, capture_output=True,
        )
        # fmt: on
        return certificate


def forward_names() -> None:
    """In the place of the rehearsal's DNS: every question goes out."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((WORLD_ADDRESS, 53))
    while True:
        question, asker = server.recvfrom(4096)
        threading.Thread(target=forward_name, args=(server, question, asker), daemon=True).start()


def forward_name(server: socket.socket, question: bytes, asker: object) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(question, (WAY_OUT_RESOLVER, 53))
        server.sendto(client.recv(4096), asker)  # type: ignore[call-overload]


def main() -> None:
    world = TestWorld()
    server = SimpleXMLRPCServer((WORLD_ADDRESS, PORT), logRequests=False)
    server.register_instance(world)
    server.serve_forever()


if __name__ == "__main__":
    main()
