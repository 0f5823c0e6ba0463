"""The process that keeps the world: emulated AWS, internet and hosts, in step with one another.

It runs inside the world's namespaces (rehearsal/machine/namespaces.py). What it knows it writes to state.json in the
run directory, for the people and programs outside; what happens it says in events.log.
"""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.cloud import Cloud, Instance
from rehearsal.contract.order import Order
from rehearsal.inside import alarms, control, ticks
from rehearsal.inside.certificate_authority import CertificateAuthority
from rehearsal.inside.functions import FunctionRuntime
from rehearsal.inside.host import LOGS, Host, Launch
from rehearsal.inside.internet import Internet
from rehearsal.inside.mailbox import Mailbox
from rehearsal.inside.metadata import Metadata
from rehearsal.inside.metadata import serve as serve_metadata
from rehearsal.inside.network import METADATA_ADDRESS, WORLD_ADDRESS, Forward, Network, OpenPorts
from rehearsal.inside.run_command import HostAgents
from rehearsal.inside.storage import Storage
from rehearsal.machine.namespaces import resolve_through, trust_in_world
from rehearsal.machine.roots import trust_layer
from rehearsal.machine.workplace import Workplace

LOOK_EVERY_SECONDS = 0.2
# What cloud-init writes of the user data's output, on a host's disk.
BOOT_LOG = f"{LOGS}/cloud-init-output.log"


@dataclass(slots=True)
class Guest:
    """A host and the emulated instance it stands for."""

    instance: Instance
    booted: threading.Event = field(default_factory=threading.Event)
    host: Host | None = None


class Keeper:
    """Looks at the emulated AWS again and again, and makes hosts, addresses and DNS follow."""

    def __init__(self, workplace: Workplace, order: Order) -> None:
        self._workplace = workplace
        self._order = order
        self._events = (workplace.run / "events.log").open("a", buffering=1)
        self._guests: dict[str, Guest] = {}
        self._forwards: dict[str, Forward] = {}
        self._records: Mapping[str, str] = {}
        self._stopping = threading.Event()

        authority = CertificateAuthority(workplace.run / "authority")
        self._network = Network()
        self._cloud = Cloud()
        self._cloud.create_hosted_zone(order.zone)
        self._internet = Internet(
            workplace,
            root=order.internet_root,
            parts=order.parts,
            authority=authority,
            region=self._cloud.scope.region,
            zone=order.zone,
        )
        if order.parts["versitygw"].path:
            Storage(self._internet.folder, self._cloud, self._internet.start)
        for image in order.images:
            self._internet.publish_image(image.layout, image.reference)
        authorities = workplace.run / "authorities.pem"
        authorities.write_text(authority.certificate.read_text() + self._internet.certificate_root(authority))
        resolve_through(workplace, WORLD_ADDRESS)
        self._bundle = workplace.run / "ca-bundle.pem"
        self._bundle.write_text(trust_in_world(workplace, authorities).read_text())
        self._internet.trust(self._bundle)
        self._trust = trust_layer(workplace, order.host_roots[-1], authorities)
        self._metadata = serve_metadata(METADATA_ADDRESS, self._metadata_for)
        self._cloud.follow_mail(Mailbox(workplace, self._say).post)
        self._cloud.follow_commands(HostAgents(self._powered_hosts, self._cloud.may_report_to_ssm))
        self._cloud.follow_functions(
            FunctionRuntime(
                packages=order.functions,
                root=self._internet.root,
                bundle=self._bundle,
                region=self._cloud.scope.region,
            )
        )
        control.serve(workplace, {"tick": self._tick, "alarms": self._alarms, "power": self._power})

    def run(self) -> None:
        """Until stop() is called."""
        self._write_state()
        while not self._stopping.wait(LOOK_EVERY_SECONDS):
            self._follow_instances()
            self._follow_addresses()
            self._follow_records()

    def stop(self) -> None:
        """End run(); hosts and stand-ins end with the world."""
        self._stopping.set()

    def _say(self, text: str) -> None:
        self._events.write(f"{text}\n")

    def _follow_instances(self) -> None:
        instances = {instance.id: instance for instance in self._cloud.instances()}
        for gone in self._guests.keys() - instances.keys():
            guest = self._guests.pop(gone)
            threading.Thread(target=self._end, args=(guest,), daemon=True).start()
            self._write_state()
        for new in instances.keys() - self._guests.keys():
            guest = self._guests[new] = Guest(instances[new])
            threading.Thread(target=self._begin, args=(guest,), daemon=True).start()
            self._write_state()

    def _begin(self, guest: Guest) -> None:
        instance = guest.instance
        self._say(f"EC2 starts {instance.id}, a host at {instance.private_ip}")
        guest.host = Host.boot(
            self._workplace,
            self._network,
            Launch(
                instance_id=instance.id,
                private_ip=instance.private_ip,
                mac_address=self._cloud.instance_metadata(instance.id)["mac"],
                root=next(root for root in self._order.host_roots if root.layers[0].is_dir()),
                trust=self._trust,
            ),
        )
        guest.booted.set()
        self._write_state()
        self._follow_log(guest, guest.host)

    def _follow_log(self, guest: Guest, host: Host) -> None:
        """Repeat what the host's user data says, while the host is there."""
        log = host.folder / BOOT_LOG
        while not log.exists() and guest.instance.id in self._guests:
            time.sleep(LOOK_EVERY_SECONDS)
        if not log.exists():
            return
        with log.open(errors="replace") as lines:
            while guest.instance.id in self._guests:
                if line := lines.readline():
                    self._say(f"{guest.instance.id}: {line.rstrip()}")
                else:
                    time.sleep(LOOK_EVERY_SECONDS)

    def _end(self, guest: Guest) -> None:
        self._say(f"EC2 terminates {guest.instance.id}")
        guest.booted.wait()
        if guest.host:
            guest.host.stop()
            guest.host.remove(keep_logs=True)

    def _powered_hosts(self) -> Mapping[str, Host]:
        return {name: guest.host for name, guest in tuple(self._guests.items()) if guest.host}

    def _tick(self, job: str, at: str | None) -> dict[str, Any]:
        return ticks.tick(self._cloud, job, at)

    def _alarms(self, at: str | None) -> list[dict[str, Any]]:
        return alarms.look(self._cloud, at)

    def _power(self, instance_id: str, *, on: bool) -> None:
        """Take a host's power away behind the back of EC2, or give it back."""
        host = self._powered_hosts()[instance_id]
        host.start() if on else host.cut_power()
        self._write_state()

    def _follow_addresses(self) -> None:
        forwards = {}
        for address, instance_id in self._cloud.associations().items():
            if guest := self._guests.get(instance_id):
                ports = tuple(OpenPorts(*opened) for opened in self._cloud.open_tcp_ports(guest.instance))
                forwards[address] = Forward(guest.instance.private_ip, ports)
        if forwards != self._forwards:
            self._network.apply_addresses(forwards)
            for address, forward in forwards.items():
                if self._forwards.get(address) != forward:
                    self._say(f"{address} now leads to the host at {forward.private_ip}")
            self._forwards = forwards
            self._write_state()

    def _follow_records(self) -> None:
        records = self._cloud.records()
        if records != self._records:
            self._internet.set_records(records)
            self._records = dict(records)
            for name, address in records.items():
                self._say(f"DNS: {name} is {address}")
            self._write_state()

    def _metadata_for(self, address: str) -> Metadata | None:
        guests = tuple(self._guests.values())
        guest = next((guest for guest in guests if guest.instance.private_ip == address), None)
        if guest is None:
            return None
        entries = dict(self._cloud.instance_metadata(guest.instance.id))
        if role := entries.get("iam/security-credentials/"):
            del entries["iam/security-credentials/"]
            entries[f"iam/security-credentials/{role}"] = json.dumps(
                self._cloud.role_credentials(guest.instance.id)
            )
        return Metadata(entries, guest.instance.user_data, self._cloud.scope.account)

    def _write_state(self) -> None:
        hosts: list[dict[str, Any]] = [
            {
                "id": guest.instance.id,
                "private_ip": guest.instance.private_ip,
                "leader_pid": guest.host.leader_pid if guest.host and guest.host.is_running() else None,
            }
            for guest in tuple(self._guests.values())
        ]
        self._workplace.write_state(
            {
                "domain": self._order.domain,
                "zone": self._order.zone,
                "aws_endpoint_url": f"http://{WORLD_ADDRESS}:4566",
                "region": self._cloud.scope.region,
                "account_id": self._cloud.scope.account,
                "access_key_id": self._cloud.administrator.id,
                "secret_access_key": self._cloud.administrator.secret,
                "ca_bundle": str(self._bundle),
                "client_root": str(self._internet.root),
                "client_work": str(self._internet.client_work),
                "address": next(iter(self._cloud.associations()), ""),
                "hosts": hosts,
            }
        )
