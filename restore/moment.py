"""The moment as of which objects come back."""

from datetime import UTC, datetime, timedelta

EXAMPLE = "2026-11-27T18:00Z"


class MomentError(Exception):
    """The text names the value and the accepted form."""


def parse(text: str, now: datetime) -> datetime:
    """In UTC and whole seconds, as S3 has them. Raises MomentError."""
    expected = f"expected a moment with its zone, such as {EXAMPLE} or 2026-11-27T19:00+01:00"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise MomentError(f"--as-of {text!r}: {expected}") from error
    if moment.tzinfo is None:
        raise MomentError(f"--as-of {text!r} has no time zone: {expected}")
    if moment > now:
        raise MomentError(f"--as-of {text!r} is in the future: it is {now:%Y-%m-%dT%H:%MZ} now")
    return moment.astimezone(UTC).replace(microsecond=0)


def check_kept(moment: datetime, days_kept: int | None, now: datetime) -> None:
    """Raises MomentError: S3 may have removed versions of that time. ``days_kept`` is None if it removes none."""
    if days_kept is None:
        return
    first = now - timedelta(days=days_kept)
    if moment < first:
        raise MomentError(
            f"--as-of {moment:%Y-%m-%dT%H:%MZ}: S3 keeps old versions for {days_kept} days, so the earliest moment is"
            f" {first:%Y-%m-%dT%H:%MZ}"
        )
