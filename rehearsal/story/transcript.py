"""What a person sees of a rehearsal: each step with its time, and its events as they happen."""

import threading
import time
from pathlib import Path

from rehearsal.contract import run_directory
from rehearsal.machine.workplace import Workplace

LOOK_EVERY_SECONDS = 0.1


class Transcript:
    """Between ``with`` and its end it also repeats the world's events."""

    def __init__(self, workplace: Workplace) -> None:
        self._events = workplace.run / run_directory.EVENTS
        self._started = time.monotonic()
        self._printing = threading.Lock()
        self._done = threading.Event()
        self._follower = threading.Thread(target=self._follow, name="events", daemon=True)
        self.current = ""
        self.timings: dict[str, float] = {}

    def __enter__(self) -> "Transcript":
        self._follower.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._done.set()
        self._follower.join()

    @property
    def seconds(self) -> float:
        """Since the rehearsal began."""
        return time.monotonic() - self._started

    def begin(self, title: str) -> None:
        self.current = title
        self._print(f"\n{self.seconds:6.1f} s  ▶ {title}")

    def detail(self, text: str) -> None:
        self._print(f"          │ {text}")

    def held(self, title: str, evidence: str, took_seconds: float) -> None:
        self.timings[title] = round(took_seconds, 1)
        self._print(f"{self.seconds:6.1f} s  ✓ {evidence}")

    def failed(self, title: str, reason: str) -> None:
        self._print(f"{self.seconds:6.1f} s  ✗ {title}: {reason}")

    def summary(self, *, held: bool, steps: int, logs: Path | None) -> None:
        self._print(f"\n{'step':48} seconds")
        for title, seconds in self.timings.items():
            self._print(f"{title:48} {seconds:7.1f}")
        if held:
            self._print(f"\nAll {steps} steps succeeded, in {self.seconds:.0f} s. Nothing is left on this machine.")
        else:
            self._print(f"\nFAILED at: {self.current}. The logs of everything are in {logs}")

    def _print(self, text: str) -> None:
        with self._printing:
            print(text, flush=True)

    def _follow(self) -> None:
        position, inode = 0, 0
        while True:
            last = self._done.wait(LOOK_EVERY_SECONDS)
            try:
                found = self._events.stat().st_ino
                if found != inode:
                    position, inode = 0, found
                with self._events.open(errors="replace") as events:
                    events.seek(position)
                    while (line := events.readline()).endswith("\n"):
                        position = events.tell()
                        self.detail(line.rstrip())
            except FileNotFoundError:
                pass
            if last:
                return
