"""What time it is in the account: the machine's time, or the moment that is being played."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


class Clock:
    """Two moments may be played at once, by threads of their own; then it is the one that began last."""

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
