"""Which host has a private address, without booting one."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.ec2.observed import Instance
from rehearsal.inside.hosts import fleet
from rehearsal.inside.hosts.fleet import Fleet
from tests.support.waiting import until

ADDRESS = "10.0.0.4"


@dataclass
class Account:
    """The instances that EC2 has now."""

    found: list[Instance] = field(default_factory=list)

    def instances(self) -> tuple[Instance, ...]:
        return tuple(self.found)

    def instance_metadata(self, _instance_id: str) -> dict[str, str]:
        return {"mac": "02:00:0a:00:00:04"}


@dataclass
class Guests:
    """In the place of systemd-nspawn: which have power, and a shutdown that ends when the test lets it."""

    folder: Path
    powered: list[str] = field(default_factory=list)
    may_end: threading.Event = field(default_factory=threading.Event)

    def made(self, _workplace: Any, instance_id: str, *_rest: Any) -> "Guest":
        return Guest(self, instance_id)


@dataclass
class Guest:
    guests: Guests
    instance_id: str

    @property
    def folder(self) -> Path:
        return self.guests.folder

    def start(self) -> None:
        self.guests.powered.append(self.instance_id)

    def stop(self) -> None:
        self.guests.may_end.wait()

    def remove(self) -> None:
        self.guests.powered.remove(self.instance_id)


def instance(name: str) -> Instance:
    return Instance(name, ADDRESS, b"", None, "ami", (), {})


@pytest.fixture
def guests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Guests:
    guests = Guests(tmp_path)
    monkeypatch.setattr(fleet, "Guest", guests.made)
    return guests


def follower(account: Any, folder: Path, said: Callable[[str], None]) -> Fleet:
    trust: Future[Path] = Future()
    trust.set_result(folder)
    root: Any = type("Root", (), {"layers": (folder,)})
    workplace: Any = None
    return Fleet(workplace, account, (root,), None, trust, lambda _: None, said, lambda: None)


def test_a_host_of_another_vpc_gets_an_address_once_its_holder_has_shut_down(guests: Guests, tmp_path: Path) -> None:
    account, said = Account([instance("i-first")]), list[str]()
    hosts = follower(account, tmp_path, said.append)
    hosts.follow()
    until(lambda: guests.powered == ["i-first"])
    account.found = [instance("i-second")]
    hosts.follow()
    until(lambda: "EC2 terminates i-first" in said)
    assert not any("i-second" in line for line in said)
    guests.may_end.set()
    until(lambda: guests.powered == ["i-second"])
    account.found = []
    hosts.follow()
    until(lambda: not guests.powered)
