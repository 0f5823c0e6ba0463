"""The process that keeps the world: emulated AWS, internet and hosts, in step with one another.

It runs inside the world's namespaces (rehearsal/machine/world/namespaces.py), writes its state for the outside to
state.json in the run directory (rehearsal/contract), and each event to events.log.
"""

import shutil
import subprocess
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from rehearsal.cloud.core.cloud import Cloud
from rehearsal.cloud.sns.mail import Letter
from rehearsal.contract import product, run_directory
from rehearsal.contract.aws_profile import AwsProfile
from rehearsal.contract.mail import Mail, Mailbox
from rehearsal.contract.order import Order
from rehearsal.contract.world_network import MESSAGES_PORT, WORLD_ADDRESS
from rehearsal.contract.world_state import Host, WorldState
from rehearsal.inside.actions import WorldActions, serve
from rehearsal.inside.functions import FunctionRuntime
from rehearsal.inside.hosts import metadata_service
from rehearsal.inside.hosts.fleet import Fleet
from rehearsal.inside.hosts.network import METADATA_ADDRESS, Forward, Network, OpenPorts
from rehearsal.inside.hosts.public_addresses import PublicAddresses
from rehearsal.inside.hosts.ssm_agents import SsmAgents
from rehearsal.inside.internet.certificate_authority import CertificateAuthority
from rehearsal.inside.internet.objects import ObjectServers
from rehearsal.inside.internet.replication import Replication
from rehearsal.inside.internet.stand_ins import StandIns
from rehearsal.machine.roots import trust_layer
from rehearsal.machine.workplace import Workplace

LOOK_EVERY_SECONDS = 0.2


class Keeper:
    """Looks at the emulated AWS again and again, and makes hosts, addresses and DNS follow."""

    def __init__(self, workplace: Workplace, order: Order) -> None:
        self._workplace = workplace
        self._order = order
        self._events = (workplace.run / run_directory.EVENTS).open("a", buffering=1)
        self._public = PublicAddresses(order.choices.address_lag_seconds)
        self._hosts: tuple[Host, ...] = ()
        self._working: Mapping[str, str] = {}
        self._forwards: dict[str, Forward] = {}
        self._records: Mapping[str, tuple[str, ...]] = {}
        self._stopping = threading.Event()
        self._mailbox = Mailbox(workplace)

        authority = CertificateAuthority(workplace.run / "authority")
        self._network = Network()
        self._cloud = Cloud(other_region=order.choices.other_region)
        zone_id = self._cloud.create_hosted_zone(order.choices.zone)
        for zone in order.choices.zones_without_type:
            self._cloud.withdraw_type(zone, product.instance_type())
        scope, administrator = self._cloud.scope, self._cloud.administrator
        self._profile = AwsProfile(
            f"http://{WORLD_ADDRESS}:4566", scope.region, scope.account, administrator.id, administrator.secret
        )
        self._internet = StandIns(
            workplace,
            root=order.internet_root,
            parts=order.parts,
            authority=authority,
            regions=[each.scope.region for each in self._cloud.regions],
            zone=order.choices.zone,
            name_servers=self._cloud.name_servers(zone_id),
        )
        if order.parts["versitygw"].path:
            objects = ObjectServers(self._internet.folder, self._cloud, self._internet.programs.start)
            if order.choices.other_region:
                copying = Replication(self._cloud, objects.s3_of, self._say)
                threading.Thread(target=copying.run, name="replication", daemon=True).start()
        for image in order.images:
            self._internet.publish_image(image.layout, image.reference)
        authorities = workplace.run / "authorities.pem"
        authorities.write_text(authority.certificate.read_text() + self._internet.certificate_root(authority))
        # It takes a second, and the first host comes later.
        trust = ThreadPoolExecutor(1).submit(trust_layer, workplace, order.host_roots[-1], authorities)
        # From now on every process of the world asks the world's DNS for names.
        (workplace.run / "resolv.conf").write_text(f"nameserver {WORLD_ADDRESS}\n")
        self._bundle = workplace.run / "ca-bundle.pem"
        self._bundle.write_text(trust_in_world(workplace, authorities).read_text())
        self._internet.trust(self._bundle)
        self._fleet = Fleet(
            workplace,
            self._cloud,
            roots=order.host_roots,
            memory_mib=order.choices.host_memory_mib,
            trust=trust,
            public_address=lambda instance_id: self._working.get(instance_id),
            say=self._say,
            on_change=self._write_state,
        )
        metadata_service.serve(METADATA_ADDRESS, self._fleet.metadata_for)
        agents = SsmAgents((WORLD_ADDRESS, MESSAGES_PORT), self._fleet.guests, self._cloud.may_report_to_ssm)
        functions = FunctionRuntime(packages=order.functions, root=self._internet.root, bundle=self._bundle)
        for region in self._cloud.regions:
            region.mail.post, region.commands.agents, region.functions.run = self._deliver, agents, functions
        domain = order.choices.domain
        serve(workplace, WorldActions(self._cloud, self._fleet, lambda: self._profile, self._lose_region, domain))

    def run(self) -> None:
        """Until stop() is called."""
        self._write_state()
        while not self._stopping.wait(LOOK_EVERY_SECONDS):
            self._fleet.follow()
            self._follow_boots()
            self._follow_addresses()
            self._follow_records()

    def stop(self) -> None:
        """End run(); hosts and stand-ins end with the world."""
        self._stopping.set()

    def _lose_region(self) -> None:
        lost = self._cloud.scope.region
        self._cloud.regions.check_other()
        # Before their instances are gone: a host that is terminated shuts down.
        for guest in self._fleet.guests().values():
            guest.cut_power()
        self._cloud.lose_region()
        self._internet.programs.kill(f"versitygw-{lost}")
        self._profile = replace(self._profile, region=self._cloud.scope.region)
        self._say(f"the region {lost} is lost")
        self._write_state()

    def _say(self, text: str) -> None:
        self._events.write(f"{text}\n")

    def _deliver(self, letter: Letter) -> None:
        self._mailbox.post(Mail(at=datetime.now(UTC).isoformat(timespec="seconds"), **asdict(letter)))
        self._say(f"mail to {letter.to}: {letter.subject}")

    def _follow_boots(self) -> None:
        """A host that starts anew has another process 1."""
        hosts = self._fleet.hosts()
        if hosts != self._hosts:
            self._hosts = hosts
            self._write_state()

    def _follow_addresses(self) -> None:
        instances = {host.id: host.private_ip for host in self._fleet.hosts()}
        assigned = self._cloud.public_addresses()
        working = self._public.working(assigned, frozenset(instances), time.monotonic())
        forwards = {}
        for instance_id, address in working.items():
            if assigned[instance_id].is_elastic and (instance := self._fleet.instance(instance_id)):
                ports = tuple(OpenPorts(*opened) for opened in self._cloud.open_tcp_ports(instance))
                forwards[address] = Forward(instance.private_ip, ports)
        if working == self._working and forwards == self._forwards:
            return
        self._network.apply_addresses(forwards, {instances[each]: address for each, address in working.items()})
        for address in self._forwards.keys() - forwards.keys():
            self._say(f"{address} leads nowhere for a while")
        for address, forward in forwards.items():
            if self._forwards.get(address) != forward:
                self._say(f"{address} now leads to the host at {forward.private_ip}")
        self._working, self._forwards = working, forwards
        self._write_state()

    def _follow_records(self) -> None:
        records = self._cloud.records()
        if records != self._records:
            self._internet.set_records(records)
            self._records = dict(records)
            for name, addresses in records.items():
                self._say(f"DNS: {name} is {' and '.join(addresses)}")
            self._write_state()

    def _write_state(self) -> None:
        WorldState(
            domain=self._order.choices.domain,
            zone=self._order.choices.zone,
            profile=self._profile,
            ca_bundle=str(self._bundle),
            client_root=str(self._internet.root),
            client_work=str(self._internet.client_work),
            address=next(iter(self._cloud.associations()), ""),
            host_release=self._order.choices.host_release,
            hosts=self._fleet.hosts(),
        ).write(self._workplace)


def trust_in_world(workplace: Workplace, certificate: Path) -> Path:
    """From now on every process of the world trusts this authority, too; returns the bundle. The machine's own
    folder stays as it is: the world sees it under an overlay with two more files."""
    store = Path("/etc/ssl/certs")
    bundle = store / "ca-certificates.crt"
    addition = workplace.run / "trust"
    shutil.rmtree(addition, ignore_errors=True)
    addition.mkdir(parents=True)
    (addition / bundle.name).write_text(bundle.read_text().rstrip("\n") + "\n" + certificate.read_text())
    # OpenSSL's own directory of trust looks certificates up by this name; Python and wget read it.
    command = ["openssl", "x509", "-noout", "-subject_hash", "-in", str(certificate)]
    subject = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    shutil.copyfile(certificate, addition / f"{subject}.0")
    subprocess.run(
        ["mount", "-t", "overlay", "-o", f"ro,lowerdir={addition}:{store}", "overlay", str(store)], check=True
    )
    return bundle
