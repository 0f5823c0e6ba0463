"""The hosts of the world: one for each running instance of the emulated EC2."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.cloud.core.cloud import Cloud
from rehearsal.cloud.ec2.observed import Instance
from rehearsal.contract.run_directory import HOST_LOGS
from rehearsal.contract.world_state import Host
from rehearsal.inside.hosts.guest import Guest, GuestError
from rehearsal.inside.hosts.metadata_service import Metadata
from rehearsal.inside.hosts.network import Network
from rehearsal.machine.root_layers import Root
from rehearsal.machine.workplace import Workplace

LOOK_EVERY_SECONDS = 0.2
# cloud-init's copy of the user data's output, on a host's disk.
BOOT_LOG = f"{HOST_LOGS}/cloud-init-output.log"
ROLE_ENTRY = "iam/security-credentials/"


@dataclass(slots=True)
class _Follower:
    """The guest that stands for an instance, once it has power."""

    instance: Instance
    booted: threading.Event = field(default_factory=threading.Event)
    guest: Guest | None = None


@dataclass(slots=True)
class Fleet:
    """Boots a host from the first of ``roots`` that exists, under the layer ``trust``. ``public_address`` tells
    which public address of an instance works now."""

    workplace: Workplace
    network: Network
    cloud: Cloud
    roots: tuple[Root, ...]
    memory_mib: int | None
    trust: Path
    public_address: Callable[[str], str | None]
    say: Callable[[str], None]
    on_change: Callable[[], None]
    _followers: dict[str, _Follower] = field(default_factory=dict)

    def follow(self) -> None:
        """Boot the hosts of new instances, and remove those of instances that are gone."""
        instances = {instance.id: instance for instance in self.cloud.instances()}
        for gone in self._followers.keys() - instances.keys():
            follower = self._followers.pop(gone)
            threading.Thread(target=self._end, args=(follower,), daemon=True).start()
            self.on_change()
        for new in instances.keys() - self._followers.keys():
            follower = self._followers[new] = _Follower(instances[new])
            threading.Thread(target=self._begin, args=(follower,), daemon=True).start()
            self.on_change()

    def hosts(self) -> tuple[Host, ...]:
        return tuple(
            Host(each.instance.id, each.instance.private_ip, leader_pid(each.guest))
            for each in tuple(self._followers.values())
        )

    def guests(self) -> Mapping[str, Guest]:
        """The guests that have had power, by instance."""
        return {name: each.guest for name, each in tuple(self._followers.items()) if each.guest}

    def instance(self, instance_id: str) -> Instance | None:
        follower = self._followers.get(instance_id)
        return follower.instance if follower else None

    def set_power(self, instance_id: str, on: bool) -> None:
        guest = self.guests()[instance_id]
        guest.start() if on else guest.cut_power()
        self.on_change()

    def metadata_for(self, address: str) -> Metadata | None:
        """What the metadata service tells the host at a private address."""
        instances = (each.instance for each in tuple(self._followers.values()))
        instance = next((each for each in instances if each.private_ip == address), None)
        if instance is None:
            return None
        entries = dict(self.cloud.instance_metadata(instance.id))
        if role := entries.pop(ROLE_ENTRY, None):
            entries[f"{ROLE_ENTRY}{role}"] = json.dumps(self.cloud.role_credentials(instance.id))
        if public := self.public_address(instance.id):
            entries["public-ipv4"] = entries[f"network/interfaces/macs/{entries['mac']}/public-ipv4s"] = public
        return Metadata(entries, instance.user_data, self.cloud.scope.account)

    def _begin(self, follower: _Follower) -> None:
        instance = follower.instance
        self.say(f"EC2 starts {instance.id}, a host at {instance.private_ip}")
        mac_address = self.cloud.instance_metadata(instance.id)["mac"]
        root = next(root for root in self.roots if root.layers[0].is_dir())
        layers = (self.trust, *root.layers)
        guest = Guest(
            self.workplace, self.network, instance.id, instance.private_ip, mac_address, layers, self.memory_mib
        )
        guest.start()
        follower.guest = guest
        follower.booted.set()
        self.on_change()
        self._follow_log(instance.id, guest.folder / BOOT_LOG)

    def _follow_log(self, instance_id: str, log: Path) -> None:
        """Repeat the output of the host's user data, while the host exists."""
        while not log.exists() and instance_id in self._followers:
            time.sleep(LOOK_EVERY_SECONDS)
        if not log.exists():
            return
        with log.open(errors="replace") as lines:
            while instance_id in self._followers:
                if line := lines.readline():
                    self.say(f"{instance_id}: {line.rstrip()}")
                else:
                    time.sleep(LOOK_EVERY_SECONDS)

    def _end(self, follower: _Follower) -> None:
        self.say(f"EC2 terminates {follower.instance.id}")
        follower.booted.wait()
        if follower.guest:
            follower.guest.stop()
            follower.guest.remove()


def leader_pid(guest: Guest | None) -> int | None:
    """None if it has no power, or loses it now."""
    with contextlib.suppress(GuestError):
        return guest.leader_pid if guest and guest.is_running() else None
    return None
