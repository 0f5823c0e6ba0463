"""A room: a Debian root and a network of its own, where servers run beside each other, isolated from the machine.

A server in a room sees only the room's processes, mounts and loopback addresses. It dies with the room, and the room
dies with this process, however this process ends. The machine keeps nothing of it.
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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from rehearsal.error import RehearsalError
from rehearsal.machine import layers, roots
from rehearsal.machine.layers import Stack
from rehearsal.machine.root_layers import CHROOT_ENVIRONMENT, Root, Say
from rehearsal.machine.workplace import Workplace
from rehearsal.machine.world.namespaces import children

PACKAGES = ("apache2-utils", "curl", "libfaketime", "libnginx-mod-http-js", "nginx", "openssl", "wrk")
START_TIMEOUT_SECONDS = 20
# The first process ends when its standard input does, and with it everything in the room.
FIRST_PROCESS = (
    "ip link set lo up && mkdir -p /srv && mount -t tmpfs tmpfs /srv && mount -t tmpfs tmpfs /run "
    "&& echo ready && exec cat"
)


def cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "registry-bench"


def door_root(workplace: Workplace, say: Say, release: str = roots.RELEASE) -> Root:
    """The rehearsal's base with PACKAGES on top, in a cache of its own: the rehearsal's cache stays as it is."""
    below = roots.base(workplace, say, release)
    return roots.with_packages(replace(workplace, cache=cache()), below, f"{release}-door", PACKAGES, say)


class RoomError(RehearsalError):
    """A command failed, or a server did not start. The text is its output."""


@dataclass(frozen=True, slots=True)
class Room:
    """`root` is the room's file system as seen from outside, `pid` its first process."""

    pid: int
    root: Path
    logs: Path
    started: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def place(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def command(self, argv: Sequence[str], environment: Mapping[str, str] | None = None) -> list[str]:
        variables = {**CHROOT_ENVIRONMENT, **(environment or {})}
        settings = [f"{name}={value}" for name, value in variables.items()]
        entering = ["nsenter", f"--target={self.pid}", "--net", "--mount", "--pid", "--root", "--wd=/"]
        # argv ends with its nsenter, however that ends.
        return [*entering, "setpriv", "--pdeathsig", "KILL", "env", "-i", *settings, *argv]

    def run(
        self, *argv: str, given: str | None = None, timeout_seconds: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end. Raises RoomError: its exit code is not 0. The text is its standard error. Raises
        subprocess.TimeoutExpired: it has not ended in time."""
        command = self.command(argv)
        done = subprocess.run(command, capture_output=True, text=True, input=given or "", timeout=timeout_seconds)
        if done.returncode != 0:
            raise RoomError(f"{' '.join(argv)} failed with {done.returncode}: {done.stderr or done.stdout}")
        return done

    def start(self, name: str, *argv: str, environment: Mapping[str, str] | None = None) -> None:
        """Start a server. Its output goes to `logs`/name."""
        self.start_on_machine(name, self.command(argv, environment))

    def start_on_machine(self, name: str, command: Sequence[str]) -> None:
        """Start a server by a command of the machine."""
        with (self.logs / name).open("ab") as log:
            self.started[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start_in_network(self, name: str, *argv: str) -> None:
        """Start a server with the machine's files and the room's network."""
        entering = ("nsenter", f"--target={self.pid}", "--net", "setpriv", "--pdeathsig", "KILL")
        self.start_on_machine(name, [*entering, *argv])

    def send(self, name: str, number: int) -> None:
        os.kill(self.pid_of(name), number)
        if number == signal.SIGCONT:
            # nsenter stops together with its child, and would otherwise never see the child end.
            os.kill(self.started[name].pid, number)

    def pid_of(self, name: str) -> int:
        """The server's own process number on the machine. `started` has the nsenter that waits for it."""
        return children(self.started[name].pid)[0]

    def stop(self, name: str) -> None:
        self.send(name, signal.SIGTERM)
        self.started.pop(name).wait()

    def wait_for(self, name: str, address: str, timeout_seconds: float = START_TIMEOUT_SECONDS) -> None:
        """Wait until the server accepts a connection at "HOST:PORT" or on a unix socket "/path". Raises RoomError:
        it ended, or the time is over. The text ends with the server's log."""
        probe = ["curl", "--silent", "--max-time", "1", "--output", "/dev/null"]
        is_socket = address.startswith("/")
        probe += ["--unix-socket", address, "http://localhost/"] if is_socket else [f"telnet://{address}"]
        deadline = time.monotonic() + timeout_seconds
        while True:
            done = subprocess.run(self.command(probe), stdin=subprocess.DEVNULL, capture_output=True)
            # curl's exit codes where nothing listens.
            if done.returncode not in (7, 97):
                return
            process = self.started.get(name)
            if (process is not None and process.poll() is not None) or time.monotonic() > deadline:
                log = self.logs / name
                output = log.read_text()[-2000:] if log.exists() else ""
                raise RoomError(f"{name} does not listen on {address}. Its output: {output or 'none'}")
            time.sleep(0.05)


@contextlib.contextmanager
def open_room(root: Root) -> Iterator[Room]:
    """A new room above `root`, until the end of the block. Raises RoomError: its first process did not start."""
    # Not below /tmp: an overlay's upper folder must be on a real file system.
    scratch = Path(tempfile.mkdtemp(prefix="registry-bench-", dir="/var/tmp"))
    try:
        for name in ("upper", "work", "at", "logs"):
            (scratch / name).mkdir()
        folders = {name: str(scratch / name) for name in ("upper", "work", "at")}
        order = {
            "stack": asdict(Stack(layers=tuple(map(str, root.layers)), **folders)),
            "argv": ["sh", "-c", FIRST_PROCESS],
            "environment": dict(CHROOT_ENVIRONMENT),
        }
        keeper = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL",
             "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private",
             sys.executable, "-I", layers.__file__, json.dumps(order)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
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


def family(pid: int) -> list[int]:
    """The process and all its descendants."""
    return [pid, *(member for child in children(pid) for member in family(child))]


def cpu_seconds(room: Room, servers: Iterable[str]) -> float:
    """Of all processes of these servers, since they started."""
    ticks = 0
    for pid in (pid for name in servers for pid in family(room.started[name].pid)):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
