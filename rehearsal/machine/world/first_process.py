"""Process 1 of the world: prepares its view of the machine, starts the world's own process, buries orphans.

When it ends the kernel kills everything else in the world, and with the last process go the world's
mounts and interfaces. It ends when the world's own process does, when it is told to, or when the
process that started the rehearsal in the foreground is gone, however that died.

Run as a file with the standard library alone: it must not depend on what the world's process imports.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

GRACE_SECONDS = 20


def prepare_view(resolver_file: str) -> None:
    # A host's own view of the machine lets a file system go when the world does.
    mount("--make-rshared", "/")
    resolver = Path("/etc/resolv.conf").resolve()
    # Sockets of the machine's resolver, name cache and engines live in /run: a client on the rehearsal's
    # internet must not reach them. Also `ip netns` and systemd-nspawn leave their traces here and not there.
    mount("-t", "tmpfs", "-o", "mode=0755,nosuid,nodev", "tmpfs", "/run")
    Path("/run/lock").mkdir(mode=0o1777)
    resolver.parent.mkdir(parents=True, exist_ok=True)
    if not resolver.exists():
        resolver.touch()
    mount("--bind", resolver_file, str(resolver))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def main() -> int:
    order = json.loads(sys.argv[1])
    starter = socket.socket(fileno=order["control"])
    starter.sendall(b"here")
    if starter.recv(2) != b"go":
        return 1
    prepare_view(order["resolver_file"])
    wake, waker = socket.socketpair()
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    world = subprocess.Popen(order["argv"], cwd=order["directory"])
    if order["detached"]:
        starter.close()
    watched = [wake] if order["detached"] else [wake, starter]
    deadline: float | None = None
    while True:
        patience = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready, _, _ = select.select(watched, [], [], patience)
        if not ready or starter in ready:
            return 1
        told = wake.recv(4096)
        if deadline is None and {signal.SIGTERM, signal.SIGINT} & set(told):
            world.terminate()
            deadline = time.monotonic() + GRACE_SECONDS
        code = bury(world.pid)
        if code is not None:
            return code


def bury(awaited: int) -> int | None:
    """The exit code of the awaited process if it is among the dead, as a shell would give it."""
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == 0:
            return code
        if pid == awaited:
            ended = os.waitstatus_to_exitcode(status)
            code = 128 - ended if ended < 0 else ended


if __name__ == "__main__":
    sys.exit(main())
