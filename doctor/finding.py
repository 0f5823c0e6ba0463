"""What one check found: one line of the report."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """The word at the beginning of the line."""

    OK = "ok"
    WARNING = "warn"
    FAILURE = "FAIL"
    """The deployment would fail, or clients could not reach the registry."""

    UNKNOWN = "?"
    """It could not be looked at. ``seen`` says why."""


@dataclass(frozen=True, slots=True)
class Finding:
    subject: str
    outcome: Outcome
    seen: str
    expected: str = ""
    cure: str = ""
    """Whole sentences."""


class CouldNotLookError(Exception):
    """The text says what is missing, such as a permission."""
