"""A rehearsal's folders on this machine, its lock, and the rehearsal that holds it."""

import fcntl
import json
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rehearsal.error import RehearsalError

OUTSIDE_LINK = "rehearsal0"
CGROUP_ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Holder:
    """The rehearsal that runs now. The death of `pid`, its keeper, ends the world."""

    pid: int
    since: str
    directory: str

    def is_of_this_directory(self) -> bool:
        return self.directory == str(Path.cwd())


class BusyError(RehearsalError):
    def __init__(self, holder: Holder | None) -> None:
        if holder is None:
            # The holder has the lock and no name yet, or is ending.
            super().__init__("another rehearsal is starting or ending on this machine at this moment")
        else:
            super().__init__(
                f"another rehearsal holds this machine: process {holder.pid}, since {holder.since}, "
                f"started in {holder.directory}. End it there with `python -m rehearsal down`, "
                "or from anywhere with `python -m rehearsal down --force`."
            )
        self.holder = holder


@dataclass(frozen=True, slots=True)
class Workplace:
    """`cache` survives `down`; `run` dies with it; `lock` names the rehearsal that runs."""

    cache: Path
    run: Path
    lock: Path

    @classmethod
    def of_this_machine(cls) -> "Workplace":
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cls(
            cache=base / "registry-rehearsal",
            run=Path("/var/tmp/registry-rehearsal"),  # noqa: S108 - root's own, 0700, and must be outside of a cleaned /tmp
            lock=Path("/var/tmp/registry-rehearsal.lock"),  # noqa: S108
        )

    def prepare(self) -> None:
        for directory in (self.cache, self.run):
            directory.mkdir(parents=True, exist_ok=True)
        self.run.chmod(0o700)

    def take_lock(self) -> int:
        """The descriptor that is the lock: a process that inherits it holds the lock until it ends."""
        while True:
            descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                raise BusyError(self._named_holder()) from None
            if _is_still(descriptor, self.lock):
                os.ftruncate(descriptor, 0)
                return descriptor
            os.close(descriptor)

    def name_holder(self, lock: int, pid: int) -> None:
        holder = {
            "pid": pid,
            "since": datetime.now().astimezone().isoformat(timespec="seconds"),
            "directory": str(Path.cwd()),
        }
        os.ftruncate(lock, 0)
        os.pwrite(lock, json.dumps(holder).encode(), 0)

    def holder(self) -> Holder | None:
        """The rehearsal that runs now. Raises BusyError: one is starting or ending, and has no name yet."""
        try:
            lock = self.take_lock()
        except BusyError as busy:
            if busy.holder is None:
                raise
            return busy.holder
        self.release_lock(lock)
        return None

    def release_lock(self, lock: int) -> None:
        self.lock.unlink(missing_ok=True)
        os.close(lock)

    def cgroups(self) -> tuple[Path, ...]:
        """Ours, one in each hierarchy of the machine (a machine with cgroup v2 alone has one)."""
        return tuple(hierarchy / self.run.name for hierarchy in cgroup_hierarchies())

    def remove_leftovers(self) -> None:
        """Remove the leftovers of a world that died. Only with the lock held: then no world runs."""
        remove_link(OUTSIDE_LINK)
        for directory in self.cgroups():
            remove_cgroup(directory)
        remove_tree(self.run)

    def _named_holder(self) -> Holder | None:
        try:
            return Holder(**json.loads(self.lock.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None


def cgroup_hierarchies() -> tuple[Path, ...]:
    """The hierarchies in which systemd needs a folder of its own; the first is the one in which it manages units. The
    last one limits the memory of a small host."""
    if (CGROUP_ROOT / "cgroup.controllers").exists():
        return (CGROUP_ROOT,)
    return tuple(
        CGROUP_ROOT / name for name in ("systemd", "unified", "pids", "memory") if (CGROUP_ROOT / name).is_dir()
    )


def remove_cgroup(directory: Path, timeout_seconds: float = 5) -> None:
    """A cgroup is removed from its leaves, and only once its last process has ended."""
    deadline = time.monotonic() + timeout_seconds
    for path in sorted((*directory.glob("**/"), directory), key=lambda path: len(path.parts), reverse=True):
        while True:
            try:
                path.rmdir()
            except FileNotFoundError:
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                break


def remove_link(name: str) -> None:
    if name in (link for _, link in socket.if_nameindex()):
        # The end of its namespace may take it away in the same instant.
        subprocess.run(["ip", "link", "delete", name], capture_output=True)


def remove_tree(directory: Path) -> None:
    """Never across a mount: a half-removed host may still have its root or the machine's folders mounted."""
    for mount in mounts_below(directory):
        subprocess.run(["umount", "--lazy", mount], capture_output=True)
    if mounts := mounts_below(directory):
        raise RuntimeError(f"still mounted, so not removed: {', '.join(mounts)}")
    shutil.rmtree(directory, ignore_errors=False) if directory.exists() else None


def mounts_below(directory: Path) -> tuple[str, ...]:
    """In this process's own view of the machine, the deepest first."""
    lines = Path("/proc/self/mounts").read_text().splitlines()
    points = [line.split(" ")[1].encode().decode("unicode_escape") for line in lines]
    return tuple(point for point in reversed(points) if Path(point).is_relative_to(directory))


def _is_still(descriptor: int, path: Path) -> bool:
    """Whether the path still names the opened file: its last holder may have unlinked it meanwhile."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    ours = os.fstat(descriptor)
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)
