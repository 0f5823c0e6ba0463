"""Waiting for what happens by itself."""

import time
from collections.abc import Callable
from typing import Any

PATIENCE_SECONDS = 20


def until(condition: Callable[[], Any], timeout_seconds: float = PATIENCE_SECONDS) -> Any:
    """The first true answer; fails the test without one."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {timeout_seconds} s")
