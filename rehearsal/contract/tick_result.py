"""The outcome of one scheduled run, and of CloudWatch's look at the alarms after it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class AlarmState:
    """``before`` is the state at the look before; ``actions`` are the outcomes of the last change's actions."""

    name: str
    description: str
    before: str
    state: str
    reason: str
    actions: tuple[str, ...]

    @classmethod
    def from_json(cls, read: Mapping[str, Any]) -> Self:
        return cls(**{**read, "actions": tuple(read["actions"])})


@dataclass(frozen=True, slots=True)
class TickResult:
    """The last of ``attempts``: the function's ``result``, or its ``error``; ``log`` ends with its last lines.

    What is known of a run alone is None if the function was never started. ``alarms`` are those that changed.
    """

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

    @classmethod
    def from_json(cls, read: Mapping[str, Any]) -> Self:
        return cls(
            **{**read, "log": tuple(read["log"]), "alarms": tuple(map(AlarmState.from_json, read["alarms"]))}
        )
