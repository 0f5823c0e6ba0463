"""One observation held against what was expected: a line of a mail."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    ok: bool
    actual: str
    expected: str
