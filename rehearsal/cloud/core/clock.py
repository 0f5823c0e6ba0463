"""The time in the account: the machine's, or the moment that is being played."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


class Clock:
    """Two threads may play a moment each at once; then the one that began last counts."""

    def __init__(self) -> None:
        self._played: list[datetime] = []

    def now(self) -> datetime:
        played = tuple(self._played)
        return played[-1] if played else datetime.now(UTC)

    @contextmanager
    def standing_at(self, moment: datetime) -> Iterator[None]:
        played = moment.astimezone(UTC)
        self._played.append(played)
        try:
            yield
        finally:
            self._played.remove(played)
