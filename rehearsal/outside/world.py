"""The rehearsal as seen from the machine: start the world, look at it, run commands in it, end it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3

from rehearsal.contract.order import Order
from rehearsal.inside import functions
from rehearsal.inside.host import command_on
from rehearsal.machine import machine, parts, registry_image, roots
from rehearsal.machine.namespaces import end_world, enter, start_world
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.client import Client
from rehearsal.outside.deployment import PROJECT, Account, Cdk

DOMAIN = "registry.example.com"
ZONE = "example.com"
USERNAME = "admin"
USERDATA = PROJECT / "userdata"
ALERT_EMAIL = "ops@example.com"
START_TIMEOUT_SECONDS = 60

Say = Callable[[str], None]


class NoRehearsalError(Exception):
    """No rehearsal runs on this machine."""


class WorldDiedError(Exception):
    """The world ended while it was started; the text ends with what it said last."""


@dataclass(frozen=True, slots=True)
class HostView:
    """One host that has power. ``leader_pid`` is its process 1 as the world numbers it."""

    id: str
    private_ip: str
    leader_pid: int | None


class World:
    """A rehearsal that runs on this machine; ``keeper_pid`` is the process whose death ends it."""

    def __init__(self, workplace: Workplace, keeper_pid: int) -> None:
        self.workplace = workplace
        self.keeper_pid = keeper_pid

    @classmethod
    def running(cls, workplace: Workplace) -> "World":
        """The one that runs now.

        Raises:
            NoRehearsalError: none does.
        """
        holder = workplace.holder()
        if holder is None:
            raise NoRehearsalError("no rehearsal runs on this machine; `python -m rehearsal up` starts one")
        return cls(workplace, holder.pid)

    @property
    def state(self) -> dict[str, Any]:
        """What the world's process last wrote about itself."""
        return self.workplace.read_state()

    @property
    def domain(self) -> str:
        """The registry's own name."""
        return str(self.state["domain"])

    @property
    def registry_image(self) -> str:
        """The image that the hosts run."""
        return pinned_image()

    @property
    def account(self) -> Account:
        """The person's AWS account."""
        state = self.state
        return Account(
            endpoint_url=state["aws_endpoint_url"],
            region=state["region"],
            account_id=state["account_id"],
            access_key_id=state["access_key_id"],
            secret_access_key=state["secret_access_key"],
        )

    def hosts(self) -> tuple[HostView, ...]:
        """The hosts that have power, in the order in which they got it."""
        return tuple(HostView(**each) for each in self.state["hosts"])

    def run_on_host(
        self, host: HostView, *argv: str, timeout_seconds: float = 120, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on a host as root, as an SSM agent would."""
        return subprocess.run(
            self.host_command(host, argv),
            check=False,
            capture_output=True,
            text=True,
            input=stdin,
            timeout=timeout_seconds,
        )

    def serves(self, host: HostView) -> bool:
        """Whether the host has proven that it does, since it has power."""
        if host.leader_pid is None:
            return False
        return self.run_on_host(host, "test", "-e", "/run/registry/proven").returncode == 0

    def host_command(self, host: HostView, argv: Sequence[str]) -> list[str]:
        """The command for this machine that runs argv on a host."""
        if host.leader_pid is None:
            raise NoRehearsalError(f"the host {host.id} has no power yet")
        return enter(self.keeper_pid, command_on(host.leader_pid, argv), Path("/"))

    def cdk(self, say: Say) -> Cdk:
        """The person's ``cdk``, with the settings of the rehearsal's registry."""
        settings = {"domain_name": self.domain, "hosted_zone": self.state["zone"], "alert_email": ALERT_EMAIL}
        return Cdk(
            lambda argv: enter(self.keeper_pid, argv, PROJECT),
            self.account,
            self.workplace.run,
            settings,
            say,
        )

    def client(self) -> Client:
        """Somebody on the world's internet, with the account's keys."""
        state = self.state
        return Client(
            work=Path(state["client_work"]),
            registry=self.domain,
            environment={**self.account.environment(), "HOME": "/root", "LANG": "C.UTF-8"},
            in_world=lambda argv: enter(self.keeper_pid, ["chroot", state["client_root"], *argv], Path("/")),
            login=lambda: (USERNAME, self.password()),
        )

    def status(self) -> dict[str, Any]:
        """For people and scripts (README.md): where everything is, and the first login."""
        state = self.state
        return {
            "domain": state["domain"],
            "address": state["address"],
            "ca_bundle": state["ca_bundle"],
            "username": USERNAME,
            "password": self.password(),
            "aws_endpoint_url": state["aws_endpoint_url"],
            "region": state["region"],
            "access_key_id": state["access_key_id"],
            "secret_access_key": state["secret_access_key"],
            "hosts": state["hosts"],
            "timings": self.timings(),
        }

    def password(self) -> str:
        """Of the first login; empty before a host has made it."""
        ssm = self.aws("ssm")
        name = f"/registry/{self.domain}/users/push/{USERNAME}"
        try:
            return str(ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
        except ssm.exceptions.ParameterNotFound:
            return ""

    def aws(self, service: str) -> Any:
        """The SDK's client for a service of the person's account."""
        account = self.account
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=account.endpoint_url,
            region_name=account.region,
            aws_access_key_id=account.access_key_id,
            aws_secret_access_key=account.secret_access_key,
        )

    def timings(self) -> dict[str, float]:
        """Seconds that each step took so far."""
        path = self.workplace.run / "timings.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def note_timings(self, timings: Mapping[str, float]) -> None:
        """Keep them for status()."""
        (self.workplace.run / "timings.json").write_text(json.dumps(dict(timings)))


def pinned_image() -> str:
    """The registry image that the project names: what the image registry's stand-in must have."""
    return str(json.loads((PROJECT / "cdk.json").read_text())["context"]["registry_image"])


def up(
    workplace: Workplace, say: Say, *, detached: bool, host_roots: tuple[roots.Root, ...] | None = None
) -> World:
    """Prepare the programs and roots, and start the world. Hosts boot from the first of ``host_roots`` there is,
    which is the golden one, else the base.

    Raises:
        BusyError: another rehearsal holds this machine.
        UnfitMachineError: this machine cannot run one.
    """
    machine.make_fit(workplace, say)
    workplace.prepare()
    lock = workplace.take_lock()
    try:
        keeper = _start(workplace, say, lock, detached=detached, host_roots=host_roots)
    except BaseException:
        os.close(lock)
        down(workplace)
        raise
    # From here on the world alone holds it.
    os.close(lock)
    return World(workplace, keeper.pid)


def _start(
    workplace: Workplace, say: Say, lock: int, *, detached: bool, host_roots: tuple[roots.Root, ...] | None
) -> subprocess.Popen[bytes]:
    workplace.name_holder(lock, os.getpid())
    workplace.remove_leftovers()
    workplace.prepare()
    path = workplace.run / "order.json"
    order = _prepare(workplace, say)
    replace(order, host_roots=host_roots or order.host_roots).write(path)
    inside = [sys.executable, "-m", "rehearsal.inside", str(path)]
    keeper = start_world(workplace, inside, lock=lock, detached=detached)
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not workplace.read_state():
        if keeper.poll() is not None or time.monotonic() > deadline:
            keeper.kill()
            said = (workplace.run / "world.log").read_text()[-3000:] if detached else "see above"
            raise WorldDiedError(f"the world did not start; it said:\n{said}")
        time.sleep(0.05)
    return keeper


def down(workplace: Workplace) -> bool:
    """End the rehearsal that runs, if one does, and remove what is left of it; returns whether one ran."""
    holder = workplace.holder()
    if holder is not None:
        end_world(holder, workplace)
    lock = workplace.take_lock()
    workplace.remove_leftovers()
    workplace.release_lock(lock)
    return holder is not None


def _prepare(workplace: Workplace, say: Say) -> Order:
    """Programs are built while the roots are made: one needs the processor, the other mostly the network."""
    image = pinned_image()
    recipes = (parts.REGISTRY, parts.PEBBLE, parts.CRANE, parts.VERSITYGW)
    with ThreadPoolExecutor() as pool:
        programs = pool.submit(lambda: [parts.prepare(workplace, recipe, say) for recipe in recipes])
        base = roots.base(workplace, say)
        found = {part.name: part for part in programs.result()}
    parts.forget_sources(workplace)
    packages_of_functions = functions.prepare(workplace, say)
    packages = [part.package for part in found.values() if part.package]
    internet = roots.internet(workplace, say, packages)
    registry = registry_image.prepare(workplace, image, program=found["registry"], root=internet, say=say)
    say(f"the image {image} is {registry.source}")
    say(f"the ACME server is {found['pebble']}, the second client {found['crane']}")
    say(f"the S3 server is {found['versitygw']}")
    return Order(
        domain=DOMAIN,
        zone=ZONE,
        images=(registry,),
        parts=found,
        host_roots=(roots.golden(workplace, USERDATA, say), base),
        internet_root=internet,
        functions=packages_of_functions,
    )
