"""The world of test_guest.py: hosts without the product, commanded from the machine by XML-RPC."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xmlrpc.server import SimpleXMLRPCServer

from rehearsal.contract.world_network import WORLD_ADDRESS
from rehearsal.inside.hosts import metadata_service
from rehearsal.inside.hosts.guest import Guest
from rehearsal.inside.hosts.metadata_service import Metadata
from rehearsal.inside.hosts.network import METADATA_ADDRESS, Forward, Network, OpenPorts
from rehearsal.machine import roots
from rehearsal.machine.workplace import Workplace
from rehearsal.machine.world.namespaces import WAY_OUT_RESOLVER

PORT = 9000
# A server on the internet, which answers every request with an error.
SERVER_PORT = 9001
# For process 1 of a guest, from systemd(1)
REBOOT_SIGNAL = signal.SIGRTMIN + 5
ACCOUNT = "123456789012"


def workplace() -> Workplace:
    """The cache of this machine's rehearsals, and a run directory of the tests' own."""
    ours = Workplace.of_this_machine()
    return replace(ours, run=ours.run.with_name("registry-rehearsal-test"))


class TestWorld:
    """Every public method can be called remotely."""

    def __init__(self) -> None:
        self._workplace = workplace()
        self._network = Network()
        self._root = roots.base(self._workplace, print)
        self._trust = roots.trust_layer(self._workplace, self._root, self._make_authority())
        self._guests: dict[str, Guest] = {}
        self._forwards: dict[str, Forward] = {}
        self._online: dict[str, str] = {}
        self._metadata: dict[str, Metadata] = {}
        metadata_service.serve(METADATA_ADDRESS, self._metadata.get)
        threading.Thread(target=forward_names, daemon=True).start()
        server = ThreadingHTTPServer((WORLD_ADDRESS, SERVER_PORT), BaseHTTPRequestHandler)
        threading.Thread(target=server.serve_forever, daemon=True).start()

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
        self.give_public_address(private_ip, f"198.51.100.{private_ip.rpartition('.')[2]}")
        layers = (self._trust, *self._root.layers)
        guest = Guest(self._workplace, instance_id, private_ip, mac, layers)
        guest.start()
        self._guests[instance_id] = guest
        return True

    def wait(self, instance_id: str) -> Sequence[object]:
        """Until cloud-init has run everything of this boot; returns the datasource it used, and its errors.

        Without a metadata service it reports done, too, without having run any user data: then the datasource is
        None's.
        """
        guest = self._guests[instance_id]
        deadline = time.monotonic() + 120
        # Written last of all, and new with each boot; `cloud-init status --wait` returns too early.
        while not os.path.lexists(f"/proc/{guest.leader_pid}/root/run/cloud-init/result.json"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{instance_id} did not finish its boot; its console ends:\n{guest.last_words()}")
            time.sleep(0.05)
        result = json.loads(guest.run(["cat", "/run/cloud-init/result.json"], 10).stdout)["v1"]
        return str(result["datasource"]), tuple(str(error) for error in result["errors"])

    def run(self, instance_id: str, argv: list[str], timeout_seconds: int) -> Sequence[object]:
        try:
            done = self._guests[instance_id].run(argv, timeout_seconds)
        except subprocess.TimeoutExpired:
            return ("timeout", "")
        return (done.returncode, done.stdout + done.stderr)

    def reboot(self, instance_id: str) -> int:
        """Returns how often it has booted then."""
        guest = self._guests[instance_id]
        before, leader = guest.boots, guest.leader_pid
        os.kill(leader, REBOOT_SIGNAL)
        while guest.boots == before or guest.leader_pid == leader:
            pass
        return guest.boots

    def lose_power(self, instance_id: str) -> bool:
        self._guests[instance_id].cut_power()
        running = self._guests[instance_id].is_running()
        self._guests[instance_id].start()
        return running

    def remove(self, instance_id: str) -> bool:
        self._guests.pop(instance_id).remove()
        return True

    def apply_addresses(self, forwards: Mapping[str, tuple[str, list[list[str]]]]) -> bool:
        found = {}
        for address, (private_ip, ports) in forwards.items():
            opened = tuple(OpenPorts(cidr, int(first), int(last)) for cidr, first, last in ports)
            found[address] = Forward(private_ip, opened)
        self._forwards = found
        self._network.apply_addresses(self._forwards, self._online)
        return True

    def give_public_address(self, private_ip: str, address: str) -> bool:
        """With which the host reaches the internet; with an empty one it does not."""
        self._online = {**self._online, private_ip: address}
        self._online = {host: public for host, public in self._online.items() if public}
        self._network.apply_addresses(self._forwards, self._online)
        return True

    def call(self, url: str) -> str:
        """As a client in the world."""
        argv = ["curl", "-sS", "--max-time", "1", url]
        return subprocess.run(argv, check=False, capture_output=True, text=True).stdout

    def _make_authority(self) -> Path:
        certificate = self._workplace.run / "authority.crt"
        made = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        files = ("-keyout", str(self._workplace.run / "authority.key"), "-out", str(certificate))
        named = ("-subj", "/CN=An authority of the test's own", "-days", "1")
        subprocess.run([*made, *files, *named], check=True, capture_output=True)
        return certificate


def forward_names() -> None:
    """Instead of the rehearsal's DNS: every question goes out."""
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
