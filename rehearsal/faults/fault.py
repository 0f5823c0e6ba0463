"""What a fault is, and the hands with which faults are made."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from rehearsal.contract import product
from rehearsal.contract.world_state import Host
from rehearsal.error import RehearsalError
from rehearsal.outside.world import COMMAND_SECONDS, World


class FaultError(RehearsalError):
    """A fault could not be made or healed; the text is the reason."""


# A fault that clients do not notice, or that ends by itself.
NO_MAIL = "no mail"
# A fault that stops the functions too.
ALARM = "an alarm"


@dataclass(frozen=True, slots=True)
class Fault:
    """``begin`` returns what ``end`` needs to know, as JSON holds it. ``cause`` is what the mail must name, or NO_MAIL,
    or ALARM; empty if it is the fault's own name."""

    what: str
    begin: Callable[[World], Any]
    end: Callable[[World, Any], None]
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A host with power. Its methods raise FaultError if they fail."""

    world: World
    host: Host

    @classmethod
    def newest(cls, world: World) -> Self:
        """Raises FaultError: no host has power."""
        hosts = [host for host in world.hosts() if host.leader_pid is not None]
        if not hosts:
            raise FaultError("no host has power, so nothing of it can be broken")
        return cls(world, hosts[-1])

    @classmethod
    def named(cls, world: World, instance_id: str) -> Self | None:
        """None if the host was replaced, or has no power."""
        found = (host for host in world.hosts() if host.id == instance_id and host.leader_pid is not None)
        return next((cls(world, host) for host in found), None)

    def try_to(self, *argv: str) -> bool:
        """Run a command; returns whether it succeeded."""
        return self.world.run_on_host(self.host, *argv).returncode == 0

    def do(self, *argv: str, timeout_seconds: float = COMMAND_SECONDS) -> str:
        """Run a command; returns its output."""
        done = self.world.run_on_host(self.host, *argv, timeout_seconds=timeout_seconds)
        if done.returncode:
            raise FaultError(f"{' '.join(argv)} on {self.host.id}: exit code {done.returncode}\n{done.stderr}")
        return done.stdout

    def read(self, path: str) -> str:
        """A file as the host sees it."""
        return in_world(self.world, "cat", self.path(path))

    def write(self, path: str, content: str) -> None:
        """In place: owner, mode and inode stay, and a bind mount of the file sees the change."""
        in_world(self.world, "tee", self.path(path), stdin=content)

    def setting(self, name: str) -> str:
        """A setting that the host got from its deployment."""
        lines = self.read(product.HOST_ENV).splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)[name]

    def path(self, path: str) -> str:
        return f"/proc/{self.host.leader_pid}/root{path}"


def on_newest_host(what: str, harm: Callable[[Target], object], mend: Callable[[Target], object]) -> Fault:
    """A fault of one host, which ends with it: a host that was replaced, or has no power, is not mended."""

    def begin(world: World) -> str:
        target = Target.newest(world)
        harm(target)
        return target.host.id

    def end(world: World, instance_id: str) -> None:
        if target := Target.named(world, instance_id):
            mend(target)

    return Fault(what, begin, end)


def in_world(world: World, *argv: str, stdin: str = "") -> str:
    """Run a command in the world, outside of any host; returns its output. Raises FaultError: it failed."""
    done = subprocess.run(world.command(argv), input=stdin, capture_output=True, text=True)
    if done.returncode:
        raise FaultError(f"{' '.join(argv)}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout
