"""What time it is in the account: the machine's time, or the moment that is being played."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


class Clock:
    """Only one moment can be played at a time; whoever asks meanwhile is told that one."""

    def __init__(self) -> None:
        self._played: datetime | None = None

    def now(self) -> datetime:
        return self._played or datetime.now(UTC)

    @contextmanager
    def standing_at(self, moment: datetime) -> Iterator[None]:
        before, self._played = self._played, moment.astimezone(UTC)
        try:
            yield
        finally:
            self._played = before
