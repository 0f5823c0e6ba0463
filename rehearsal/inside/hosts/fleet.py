"""The hosts of the world: one for each running instance of the emulated EC2."""

import contextlib
import json
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.cloud.core.cloud import Cloud
from rehearsal.cloud.ec2.observed import Instance
from rehearsal.contract.run_directory import HOST_LOGS
from rehearsal.contract.world_state import Host
from rehearsal.inside.hosts.guest import Guest
from rehearsal.inside.hosts.metadata_service import Metadata
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
    """Boots a host from the first of ``roots`` that exists, under the layer ``trust``, once that is made.
    ``public_address`` tells which public address of an instance works now."""

    workplace: Workplace
    cloud: Cloud
    roots: tuple[Root, ...]
    memory_mib: int | None
    trust: Future[Path]
    public_address: Callable[[str], str | None]
    say: Callable[[str], None]
    on_change: Callable[[], None]
    _followers: dict[str, _Follower] = field(default_factory=dict)
    _addresses: defaultdict[str, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))
    """Each is held by the host that has it: there is one bridge for every VPC."""

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
            Host(each.instance.id, each.instance.private_ip, each.guest.leader_now() if each.guest else None)
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

    def lose_disk(self, instance_id: str) -> None:
        self.guests()[instance_id].lose_disk()

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
        # Another VPC's host may have this address until it has shut down.
        self._addresses[instance.private_ip].acquire()
        self.say(f"EC2 starts {instance.id}, a host at {instance.private_ip}")
        mac_address = self.cloud.instance_metadata(instance.id)["mac"]
        root = next(root for root in self.roots if root.layers[0].is_dir())
        layers = (self.trust.result(), *root.layers)
        guest = Guest(self.workplace, instance.id, instance.private_ip, mac_address, layers, self.memory_mib)
        guest.start()
        follower.guest = guest
        follower.booted.set()
        self.on_change()
        self._follow_log(instance.id, guest.folder / BOOT_LOG)

    def _follow_log(self, instance_id: str, log: Path) -> None:
        """Repeat the output of the host's user data, while the host exists."""
        read = 0
        while instance_id in self._followers:
            time.sleep(LOOK_EVERY_SECONDS)
            # Without the log, or without a disk. A file that stayed open would hold the disk.
            with contextlib.suppress(OSError), log.open("rb") as file:
                read = min(read, os.fstat(file.fileno()).st_size)
                file.seek(read)
                whole = file.read().rpartition(b"\n")[0]
                read += len(whole) + bool(whole)
                for line in whole.decode(errors="replace").splitlines():
                    self.say(f"{instance_id}: {line.rstrip()}")

    def _end(self, follower: _Follower) -> None:
        self.say(f"EC2 terminates {follower.instance.id}")
        follower.booted.wait()
        if follower.guest:
            follower.guest.stop()
            follower.guest.remove()
        self._addresses[follower.instance.private_ip].release()
