"""The world: a network, mount and process namespace in which the whole rehearsal runs.

    starter ── keeper (unshare) ── process 1 (first_process.py) ── the world's own process ── everything else
       └────── slirp4netns, on the machine's side: the world's way out

How it ends. Process 1 dies with its keeper (--kill-child), and everything in the world with process 1. In the
foreground process 1 also ends when the starter's end of the control socket closes, which `kill -9` does too.
slirp4netns ends when the last holder of its exit pipe, the keeper and process 1, is gone. The veth pair goes
with the world's network. The lock is held by the keeper and process 1 and so is free when they are gone.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rehearsal.error import RehearsalError
from rehearsal.machine.workplace import OUTSIDE_LINK, BusyError, Holder, Workplace, remove_link

OUTSIDE_PEER = "outside0"
MACHINE_ADDRESS = "10.77.0.1/24"
WAY_OUT = "tap0"
WAY_OUT_RANGE = "172.31.255.0/24"
WAY_OUT_RESOLVER = "172.31.255.3"
MTU_BYTES = 1400
START_TIMEOUT_SECONDS = 20


class WorldError(RehearsalError):
    """The world's namespaces could not be made; the text is the reason."""


def start_world(workplace: Workplace, argv: Sequence[str], *, lock: int, detached: bool) -> subprocess.Popen[bytes]:
    """Run argv as the world's own process; returns its keeper, whose exit code is argv's. Detached, it outlives this
    process and writes to world.log in the run directory."""
    resolver_file = workplace.run / "resolv.conf"
    resolver_file.write_text(f"nameserver {WAY_OUT_RESOLVER}\n")
    ours, theirs = socket.socketpair()
    exit_reader, exit_writer = os.pipe()
    order = {
        "control": theirs.fileno(),
        "argv": list(argv),
        "directory": str(Path.cwd()),
        "resolver_file": str(resolver_file),
        "detached": detached,
    }
    program = Path(__file__).with_name("first_process.py")
    first_process = [sys.executable, "-I", str(program), json.dumps(order)]
    unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    with contextlib.ExitStack() as stack:
        for descriptor in (exit_reader, exit_writer):
            stack.callback(os.close, descriptor)
        stack.callback(theirs.close)
        output = stack.enter_context((workplace.run / "world.log").open("ab")) if detached else None
        keeper = subprocess.Popen(
            [*unshare, "--propagation", "slave", *first_process],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(lock, exit_writer, theirs.fileno()),
            # Ctrl-C is the starter's to handle: it ends the world in good order.
            start_new_session=True,
        )
        theirs.close()
        try:
            workplace.name_holder(lock, keeper.pid)
            ours.settimeout(START_TIMEOUT_SECONDS)
            if ours.recv(4) != b"here":
                raise WorldError("the world's first process did not start: see the messages above or world.log")
            _join_to_machine(keeper.pid)
            _open_way_out(workplace, keeper.pid, exit_reader)
            ours.sendall(b"go")
        except BaseException:
            ours.close()
            keeper.kill()
            keeper.wait()
            raise
    if detached:
        ours.close()
    else:
        # Open until this process dies: closing it ends the world.
        ours.detach()
    return keeper


def end_world(holder: Holder, workplace: Workplace, timeout_seconds: float = 30) -> None:
    """Ask, then kill; returns when nothing of the world lives and its lock is free."""
    for pid in children(holder.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout_seconds
    while _held(workplace):
        if time.monotonic() > deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(holder.pid, signal.SIGKILL)
            deadline = float("inf")
        time.sleep(0.05)


def _join_to_machine(keeper_pid: int) -> None:
    remove_link(OUTSIDE_LINK)
    _ip("link", "add", OUTSIDE_LINK, "mtu", str(MTU_BYTES), "type", "veth",
        "peer", "name", OUTSIDE_PEER, "mtu", str(MTU_BYTES), "netns", str(keeper_pid))  # fmt: skip
    _ip("address", "add", MACHINE_ADDRESS, "dev", OUTSIDE_LINK)
    _ip("link", "set", OUTSIDE_LINK, "up")


def _open_way_out(workplace: Workplace, keeper_pid: int, exit_reader: int) -> None:
    ready_reader, ready_writer = os.pipe()
    options = [
        "--configure", f"--mtu={MTU_BYTES}", f"--cidr={WAY_OUT_RANGE}", "--disable-host-loopback",
        f"--ready-fd={ready_writer}", f"--exit-fd={exit_reader}", "--netns-type=path",
    ]  # fmt: skip
    with (workplace.run / "slirp4netns.log").open("wb") as log, os.fdopen(ready_reader, "rb") as ready:
        subprocess.Popen(
            ["slirp4netns", *options, f"/proc/{keeper_pid}/ns/net", WAY_OUT],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(ready_writer, exit_reader),
            start_new_session=True,
        )
        os.close(ready_writer)
        if not ready.read(1):
            raise WorldError(f"slirp4netns did not start: {Path(log.name).read_text().strip()}")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def children(pid: int) -> list[int]:
    """The child processes of all threads of the process; none if it has ended."""
    found = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (thread / "children").read_text().split()]
    return found


def _held(workplace: Workplace) -> bool:
    try:
        return workplace.holder() is not None
    except BusyError:
        return True


def enter(keeper_pid: int, argv: Sequence[str], directory: Path | None = None) -> list[str]:
    """The command that runs argv inside the world, with its names and its trust; it ends with the world."""
    names = {"net": "net", "mount": "mnt", "pid": "pid_for_children"}
    spaces = [f"--{option}=/proc/{keeper_pid}/ns/{name}" for option, name in names.items()]
    return ["nsenter", *spaces, "--", "env", f"--chdir={directory or Path.cwd()}", *argv]


def command_on_host(leader_pid: int, argv: Sequence[str], *, timeout_seconds: float | None = None) -> list[str]:
    """The command that runs argv, for a process of the world, on a host as an SSM agent does: as a root unit."""
    limit = (
        []
        if timeout_seconds is None
        else [f"--property=RuntimeMaxSec={timeout_seconds}", "--property=TimeoutStopSec=5"]
    )
    return [
        "nsenter", "--target", str(leader_pid), "--all", "--",
        "systemd-run", "--quiet", "--pipe", "--wait", "--collect", "--setenv=HOME=/root", *limit, "--",
        *argv,
    ]  # fmt: skip
