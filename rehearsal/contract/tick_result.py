"""The outcome of one scheduled run, and of CloudWatch's look at the alarms after it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class AlarmState:
    """``before`` is the state at the look before; ``actions`` are the outcomes of the last change's actions."""

    name: str
    description: str
    before: str
    state: str
    reason: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TickResult:
    """The last of ``attempts``: the function's ``result``, or its ``error``; ``log`` ends with its last lines. Times
    and memory are None if the function was never started. ``alarms`` are the alarms that changed."""

    schedule: str
    function: str
    event: str
    scheduled_at: str
    attempts: int
    dead_letter: str | None
    result: Any
    error: str | None
    request_id: str | None
    duration_milliseconds: float | None
    init_milliseconds: float | None
    memory_mib: int | None
    log: tuple[str, ...]
    alarms: tuple[AlarmState, ...]
