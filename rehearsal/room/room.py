"""A room: a Debian root and a network of its own, where servers of any kind run beside each other.

What is started in a room has the room's processes, mounts and loopback addresses only, and dies with it, as the room
dies with this process, however it ends. The machine keeps nothing of it.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

from rehearsal.machine import layers
from rehearsal.machine.layers import Stack
from rehearsal.machine.root_layers import CHROOT_ENVIRONMENT, Root

START_TIMEOUT_SECONDS = 20
# The first process ends when its standard input does, and with it everything in the room.
FIRST_PROCESS = (
    "ip link set lo up && mkdir -p /srv && mount -t tmpfs tmpfs /srv && mount -t tmpfs tmpfs /run "
    "&& echo ready && exec cat"
)


class RoomError(Exception):
    """Something in the room did not start; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Room:
    """`root` is the room's file system as seen from outside, `pid` its first process."""

    pid: int
    root: Path
    logs: Path
    started: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def place(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def command(self, argv: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        """The command that runs argv in the room, for the machine."""
        settings = [f"{name}={value}" for name, value in {**CHROOT_ENVIRONMENT, **environment}.items()]
        entering = ["nsenter", f"--target={self.pid}", "--net", "--mount", "--pid", "--root", "--wd=/"]
        # What is started ends with the nsenter that started it, however that ends.
        return [*entering, "setpriv", "--pdeathsig", "KILL", "env", "-i", *settings, *argv]

    def run(self, *argv: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run to the end.

        Raises:
            RoomError: it failed; the text is its standard error.
        """
        done = subprocess.run(
            self.command(argv, {}), check=False, capture_output=True, text=True, input=given or ""
        )
        if done.returncode != 0:
            raise RoomError(f"{' '.join(argv)} failed with {done.returncode}: {done.stderr or done.stdout}")
        return done

    def start(self, name: str, *argv: str, environment: Mapping[str, str] | None = None) -> None:
        """Start a server; what it prints goes to `logs`/name."""
        with self.log(name) as log:
            self.started[name] = subprocess.Popen(
                self.command(argv, environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def send(self, name: str, number: int) -> None:
        os.kill(self.pid_of(name), number)
        if number == signal.SIGCONT:
            # nsenter stops with what it started, and would never see it end.
            os.kill(self.started[name].pid, number)

    def pid_of(self, name: str) -> int:
        """The server itself, as the machine numbers it: what was started is the nsenter that waits for it."""
        return children(self.started[name].pid)[0]

    def stop(self, name: str) -> None:
        self.send(name, signal.SIGTERM)
        self.started.pop(name).wait()

    def log(self, name: str) -> BinaryIO:
        return (self.logs / name).open("ab")

    def wait_for(self, name: str, address: str, timeout_seconds: float = START_TIMEOUT_SECONDS) -> None:
        """Until the server `name` accepts a connection at "HOST:PORT" or on a unix socket "/path"."""
        probe = ["curl", "--silent", "--max-time", "1", "--output", "/dev/null"]
        target = (
            ["--unix-socket", address, "http://localhost/"]
            if address.startswith("/")
            else [f"telnet://{address}"]
        )
        deadline = time.monotonic() + timeout_seconds
        while True:
            done = subprocess.run(
                self.command([*probe, *target], {}),
                check=False,
                stdin=subprocess.DEVNULL,
                capture_output=True,
            )
            # 7 and 97: nobody listens.
            if done.returncode not in (7, 97):
                return
            process = self.started.get(name)
            if (process is not None and process.poll() is not None) or time.monotonic() > deadline:
                said = (self.logs / name).read_text()[-2000:] if (self.logs / name).exists() else ""
                raise RoomError(f"{name} does not listen on {address}; it said: {said or 'nothing'}")
            time.sleep(0.05)


@contextlib.contextmanager
def open_room(root: Root) -> Iterator[Room]:
    # Not below /tmp: an overlay's upper folder must be on a real file system.
    scratch = Path(tempfile.mkdtemp(prefix="registry-bench-", dir="/var/tmp"))
    try:
        for name in ("upper", "work", "at", "logs"):
            (scratch / name).mkdir()
        stack = Stack(
            layers=tuple(str(layer) for layer in root.layers),
            upper=str(scratch / "upper"),
            work=str(scratch / "work"),
            at=str(scratch / "at"),
        )
        order = {
            "stack": asdict(stack),
            "argv": ["sh", "-c", FIRST_PROCESS],
            "environment": dict(CHROOT_ENVIRONMENT),
        }
        # fmt: off
        keeper = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL",
             "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private",
             sys.executable, "-I", layers.__file__, json.dumps(order)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        # fmt: on
        assert keeper.stdin is not None  # noqa: S101
        assert keeper.stdout is not None  # noqa: S101
        if keeper.stdout.readline() != b"ready\n":
            raise RoomError("the room's first process did not start: see the message above")
        pid = children(keeper.pid)[0]
        room = Room(pid, Path(f"/proc/{pid}/root"), scratch / "logs")
        try:
            yield room
        finally:
            keeper.stdin.close()
            keeper.wait()
            for process in room.started.values():
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def children(pid: int) -> list[int]:
    """Of all threads of the process."""
    found = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (thread / "children").read_text().split()]
    return found
