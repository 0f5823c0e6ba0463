"""The memory of a small host: a limit of its cgroup, and the /proc/meminfo that a machine of that size would show."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_KIB, _MIB = 1 << 10, 1 << 20
_LOOK_EVERY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class _Files:
    """A cgroup's files for memory, in the second or the first version of cgroups."""

    limit: str
    usage: str
    cache: tuple[str, ...]
    """The rows of memory.stat that count what can be given back."""


_VERSIONS = (
    _Files("memory.max", "memory.current", ("inactive_file", "active_file")),
    _Files("memory.limit_in_bytes", "memory.usage_in_bytes", ("total_inactive_file", "total_active_file")),
)


class SmallMemory:
    """Limits the host whose ``cgroups`` these are to ``mib``, and keeps ``shown`` up to date until stop()."""

    def __init__(self, cgroups: Iterable[Path], shown: Path, mib: int) -> None:
        self._cgroup, self._files = next(
            (each, files) for each in cgroups for files in _VERSIONS if (each / files.limit).exists()
        )
        self._limit, self._shown, self._stopping = mib * _MIB, shown, threading.Event()
        (self._cgroup / self._files.limit).write_text(str(self._limit))
        self._show()
        threading.Thread(target=self._keep, daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def _keep(self) -> None:
        while not self._stopping.wait(_LOOK_EVERY_SECONDS):
            self._show()

    def _show(self) -> None:
        used = int((self._cgroup / self._files.usage).read_text())
        lines = (self._cgroup / "memory.stat").read_text().splitlines()
        self._shown.write_text(meminfo(self._limit, used, dict(line.split() for line in lines), self._files.cache))


def meminfo(limit: int, used: int, statistics: Mapping[str, str], cache: Iterable[str]) -> str:
    """Of a machine with ``limit`` bytes of memory and no swap. A kernel counts about half of the cache as available
    where memory is short (Documentation/filesystems/proc.rst)."""
    cached = sum(int(statistics[name]) for name in cache)
    free = max(limit - used, 0)
    rows = {"MemTotal": limit, "MemFree": free, "MemAvailable": free + cached // 2, "Cached": cached, "SwapTotal": 0}
    return "".join(f"{name + ':':15} {value // _KIB:8} kB\n" for name, value in {**rows, "SwapFree": 0}.items())
