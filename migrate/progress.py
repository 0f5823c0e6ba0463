"""How far the command is: a bar on a terminal, else a line now and then."""

import sys
import time
from dataclasses import dataclass, field
from threading import Lock
from typing import Self

BAR_CHARACTERS = 30
SECONDS_BETWEEN_LINES = 10


@dataclass(slots=True)
class Progress:
    """``what`` is done to how many of how many. The bar's line ends with the block."""

    what: str
    is_terminal: bool = field(default_factory=sys.stderr.isatty)
    _began: float = field(default_factory=time.monotonic)
    _told: float = field(default_factory=time.monotonic)
    _open: bool = False
    _lock: Lock = field(default_factory=Lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._open:
            print(file=sys.stderr)
            self._open = False

    def show(self, done: int, total: int) -> None:
        now = time.monotonic()
        with self._lock:
            if self.is_terminal:
                if now - self._told < 0.1 and done < total:
                    return
                print(f"\r{bar(done, total)} {self._line(done, total, now)}\x1b[K", end="", file=sys.stderr, flush=True)
                self._open = True
            elif now - self._told >= SECONDS_BETWEEN_LINES:
                print(self._line(done, total, now), file=sys.stderr, flush=True)
            else:
                return
            self._told = now

    def say(self, text: str) -> None:
        """A line of its own, which stays."""
        with self._lock:
            print(f"\r\x1b[K{text}" if self._open else text, file=sys.stderr, flush=True)

    def _line(self, done: int, total: int, now: float) -> str:
        left = (now - self._began) / done * (total - done) if done else 0
        return f"{self.what}: {done:,} of {total:,}" + (f", about {duration(left)} left" if left >= 5 else "")


def bar(done: int, total: int) -> str:
    full = BAR_CHARACTERS * done // total if total else BAR_CHARACTERS
    return f"[{'#' * full}{'.' * (BAR_CHARACTERS - full)}]"


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"
