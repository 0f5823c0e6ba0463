"""What a fault is, and the hands with which faults are made."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.machine.namespaces import enter
from rehearsal.outside.world import HostView, World


class FaultError(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Fault:
    """``begin`` returns what ``end`` needs to know, as JSON holds it."""

    what: str
    begin: Callable[[World], Any]
    end: Callable[[World, Any], None]


def on_newest_host(
    what: str, harm: Callable[[World, HostView], None], mend: Callable[[World, HostView], None]
) -> Fault:
    """A fault of one host, which ends with it: a host that was replaced, or has no power, is not mended."""

    def begin(world: World) -> str:
        host = newest_host(world)
        harm(world, host)
        return host.id

    def end(world: World, instance_id: str) -> None:
        if host := host_named(world, instance_id):
            mend(world, host)

    return Fault(what, begin, end)


def newest_host(world: World) -> HostView:
    """The one that has power; FaultError without one."""
    hosts = [host for host in world.hosts() if host.leader_pid is not None]
    if not hosts:
        raise FaultError("no host has power, so nothing of it can be broken")
    return hosts[-1]


def host_named(world: World, instance_id: str) -> HostView | None:
    """None once it was replaced, or has no power."""
    found = (host for host in world.hosts() if host.id == instance_id and host.leader_pid is not None)
    return next(found, None)


def do(world: World, host: HostView, *argv: str) -> str:
    """Run a command on the host; FaultError if it fails. Returns what it printed."""
    done = world.run_on_host(host, *argv)
    if done.returncode:
        raise FaultError(f"{' '.join(argv)} on {host.id}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


def read_file(world: World, host: HostView, path: str) -> str:
    """A file as the host sees it."""
    return in_world(world, "cat", _as_world_sees(host, path))


def write_file(world: World, host: HostView, path: str, content: str) -> None:
    """In place: its owner, mode and inode stay, and what is mounted from it sees the change."""
    in_world(world, "tee", _as_world_sees(host, path), stdin=content)


def in_world(world: World, *argv: str, stdin: str = "") -> str:
    """Run a command in the world, outside of any host; FaultError if it fails. Returns what it printed."""
    done = subprocess.run(
        enter(world.keeper_pid, list(argv), Path("/")),
        input=stdin,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise FaultError(f"{' '.join(argv)}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


def setting(world: World, host: HostView, name: str) -> str:
    """What the host was told when it was deployed."""
    lines = read_file(world, host, "/etc/registry/host.env").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)[name]


def _as_world_sees(host: HostView, path: str) -> str:
    return f"/proc/{host.leader_pid}/root{path}"
