"""The command's answer."""

from collections.abc import Iterator
from datetime import UTC, datetime

from userdata.usage.book import Moment, Tags


def lines(tags: Tags, today: int) -> Iterator[str]:
    """One for each tag, the last used first."""
    width = max(map(len, tags))
    for tag, usage in sorted(tags.items(), key=lambda item: -item[1].last_use):
        count = usage.pulls_of_30_days(today)
        pulls = f"{count} {'pull' if count == 1 else 'pulls'} in 30 days"
        yield f"{tag:<{width}}  pushed {_moment(usage.pushed)}  pulled {_moment(usage.pulled)}  {pulls}"


def _moment(moment: Moment | None) -> str:
    if moment is None:
        return f"{'unknown':<27}"
    # A name of a user is letters and digits in Parameter Store; anything else does not reach the terminal.
    by = "".join(letter if letter.isprintable() else "?" for letter in moment.by)
    return f"{datetime.fromtimestamp(moment.at, UTC):%Y-%m-%d %H:%M} by {by:<7}"
