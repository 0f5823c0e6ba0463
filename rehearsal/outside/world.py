"""A world that runs on this machine, as the person at the command line reaches it."""

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rehearsal.contract import product
from rehearsal.contract.control import Control
from rehearsal.contract.world_state import Host, WorldState
from rehearsal.error import RehearsalError
from rehearsal.machine.workplace import Workplace
from rehearsal.machine.world.namespaces import command_on_host, enter
from rehearsal.outside.cdk import Cdk
from rehearsal.outside.client import Client

ALERT_EMAIL = "ops@example.com"
# A command on a host ends by then, unless its caller says otherwise.
COMMAND_SECONDS = 120


class NoRehearsalError(RehearsalError):
    """No rehearsal runs on this machine, or no host of it has power."""


class World:
    """``keeper_pid`` is the process whose death ends the world."""

    def __init__(self, workplace: Workplace, keeper_pid: int) -> None:
        self.workplace = workplace
        self.keeper_pid = keeper_pid
        self.control = Control(workplace)
        self._timings = workplace.run / "timings.json"

    @classmethod
    def running(cls, workplace: Workplace) -> "World":
        """The world that runs now. Raises NoRehearsalError: none does."""
        holder = workplace.holder()
        if holder is None:
            raise NoRehearsalError("no rehearsal runs on this machine; `python -m rehearsal up` starts one")
        return cls(workplace, holder.pid)

    @property
    def state(self) -> WorldState:
        """What the world's process last said about itself. Raises NoRehearsalError: it has said nothing yet."""
        state = WorldState.read(self.workplace)
        if state is None:
            raise NoRehearsalError("the rehearsal is starting; try again in a moment")
        return state

    @property
    def domain(self) -> str:
        return self.state.domain

    def aws(self, service: str) -> Any:
        return self.state.profile.client(service)

    def hosts(self) -> tuple[Host, ...]:
        return self.state.hosts

    def run_on_host(
        self, host: Host, *argv: str, timeout_seconds: float = COMMAND_SECONDS, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on a host as root, as an SSM agent would."""
        command = self.host_command(host, argv)
        return subprocess.run(command, capture_output=True, text=True, input=stdin, timeout=timeout_seconds)

    def serves(self, host: Host) -> bool:
        """Whether the host has proven that it serves, since it has power."""
        return host.leader_pid is not None and self.run_on_host(host, "test", "-e", product.PROVEN).returncode == 0

    def host_command(self, host: Host, argv: Sequence[str]) -> list[str]:
        """The command for this machine that runs argv on a host."""
        if host.leader_pid is None:
            raise NoRehearsalError(f"the host {host.id} has no power")
        return self.command(command_on_host(host.leader_pid, argv))

    def command(self, argv: Sequence[str], folder: Path = Path("/")) -> list[str]:
        """The command for this machine that runs argv in the world, outside of any host."""
        return enter(self.keeper_pid, argv, folder)

    def cdk(self, say: Callable[[str], None]) -> Cdk:
        """The person's ``cdk``, with the settings of the rehearsal's registry."""
        state = self.state
        return Cdk(
            lambda argv: self.command(argv, product.PROJECT),
            state.profile,
            self.workplace.run,
            product.settings(domain=state.domain, zone=state.zone, email=ALERT_EMAIL),
            say,
        )

    def client(self) -> Client:
        """A laptop on the world's internet, with the account's keys."""
        state = self.state
        return Client(
            work=Path(state.client_work),
            registry=state.domain,
            environment={**state.profile.environment(), "HOME": "/root", "LANG": "C.UTF-8"},
            in_world=lambda argv: self.command(["chroot", state.client_root, *argv]),
            login=lambda: (product.FIRST_USER, self.password()),
        )

    def password(self) -> str:
        return self.control.password()

    def status(self) -> dict[str, Any]:
        """For people and scripts: every address, every key and the first login."""
        state = self.state
        return {
            "domain": state.domain,
            "address": state.address,
            "ca_bundle": state.ca_bundle,
            "username": product.FIRST_USER,
            "password": self.password(),
            "aws_endpoint_url": state.profile.endpoint_url,
            "region": state.profile.region,
            "access_key_id": state.profile.access_key_id,
            "secret_access_key": state.profile.secret_access_key,
            "host_release": state.host_release,
            "hosts": list(map(asdict, state.hosts)),
            "timings": self.timings(),
        }

    def timings(self) -> dict[str, float]:
        """Seconds that each step took so far."""
        return dict(json.loads(self._timings.read_text())) if self._timings.exists() else {}

    def note_timings(self, timings: Mapping[str, float]) -> None:
        self._timings.write_text(json.dumps(dict(timings)))
