"""What clients did during rolling updates, and what of it failed. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

# One that lasts longer is stuck: it talks to a host that cannot hear it any more.
STUCK_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Operation:
    """Moments are seconds since 1970. ``exit_code`` is None while it has not ended."""

    began: float
    ended: float
    exit_code: int | None

    @property
    def seconds(self) -> float:
        return self.ended - self.began


def read(lines: str) -> tuple[Operation, ...]:
    """The lines of worker.bash; an unfinished last line is none."""
    rows = (line.split("\t") for line in lines.splitlines() if line.count("\t") == 2)
    return tuple(Operation(float(began), float(ended), int(code)) for began, ended, code in rows if code)


def longest_gap(operations: Sequence[Operation]) -> float:
    """Seconds from the end of a successful operation to the end of the next successful one."""
    ends = [each.ended for each in operations if each.exit_code == 0]
    return max((later - earlier for earlier, later in pairwise(ends)), default=0.0)


def failed(operations: Sequence[Operation]) -> int:
    """Of those that have ended."""
    return sum(each.exit_code not in (0, None) for each in operations)


def stuck(operations: Sequence[Operation]) -> int:
    return sum(each.exit_code is None or each.seconds >= STUCK_SECONDS for each in operations)


def slowest(operations: Sequence[Operation]) -> float:
    return max((each.seconds for each in operations), default=0.0)


def under_way(operations: Sequence[Operation], moments: Sequence[float]) -> int:
    """How many lasted over one of the moments."""
    return sum(any(each.began <= moment <= each.ended for moment in moments) for each in operations)
