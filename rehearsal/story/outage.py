"""The outage that clients see during another step: one small pull after the other, timed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

PAUSE_SECONDS = 0.2


class Pulls:
    """Pulls again and again in the background between ``with`` and its end."""

    def __init__(self, pull: Callable[[], bool]) -> None:
        self._pull = pull
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulls", daemon=True)
        self.attempts = 0
        self.failures = 0
        self.longest_outage_seconds = 0.0

    def __enter__(self) -> Pulls:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        failing_since: float | None = None
        while not self._done.is_set():
            started = time.monotonic()
            succeeded = self._pull()
            self.attempts += 1
            if not succeeded:
                self.failures += 1
                failing_since = started if failing_since is None else failing_since
            if failing_since is not None:
                self.longest_outage_seconds = max(self.longest_outage_seconds, time.monotonic() - failing_since)
            if succeeded:
                failing_since = None
            self._done.wait(PAUSE_SECONDS)
