"""The last push and pull of each tag, and its pulls of 30 days: how they add up, and the file that holds them. Pure but
for that file.

The file is compressed JSON Lines: first its head, then one line for each repository. So a host needs the memory of one
repository, however many there are.
"""

import gzip
import heapq
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .uses import Kind, Use

DAYS = 30
DAY_SECONDS = 86400
MOST_TAGS = 100_000
FORMAT = 1


def key_of(domain: str) -> str:
    """Of the file, in the state bucket."""
    return f"usage/{domain}.jsonl.gz"


class UnreadableError(Exception):
    """The file is not what :func:`write` has written."""


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    at: int
    """Seconds since 1970."""

    by: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Of one tag."""

    pushed: Moment | None = None
    pulled: Moment | None = None
    pulls: Mapping[int, int] = field(default_factory=dict)
    """Pulls of each day; the days are counted from 1970."""

    @property
    def last_use(self) -> int:
        return max(moment.at for moment in (self.pushed, self.pulled, Moment(0, "")) if moment)

    def pulls_of_30_days(self, today: int) -> int:
        return sum(count for day, count in self.pulls.items() if day > today - DAYS)


Tags = Mapping[str, Usage]
Repositories = Iterable[tuple[str, Tags]]


@dataclass(frozen=True, slots=True)
class Head:
    """``numbers`` has, for each host, the number of its last contribution and the day. There a host that got no answer
    sees whether its contribution was added."""

    numbers: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def has(self, host: str, number: int) -> bool:
        return self.numbers.get(host, (0, 0))[0] >= number

    def having(self, host: str, number: int, today: int) -> "Head":
        recent = {name: (last, day) for name, (last, day) in self.numbers.items() if day > today - DAYS}
        return Head({**recent, host: (number, today)})


def usage_of(use: Use, count: int = 1) -> Usage:
    """Of so many uses of a day, by the last of them."""
    moment = Moment(int(use.at), use.by)
    if use.kind == Kind.PUSH:
        return Usage(pushed=moment)
    return Usage(pulled=moment, pulls={int(use.at) // DAY_SECONDS: count})


def usages_of(uses: Iterable[Use]) -> Iterator[tuple[str, str, Usage]]:
    """By repository and tag. Many pulls of a tag cost little."""
    found: dict[tuple[str, str, Kind, int], tuple[Use, int]] = {}
    for use in uses:
        key = (use.repository, use.tag, use.kind, int(use.at) // DAY_SECONDS)
        last, count = found.get(key, (use, 0))
        found[key] = (max(last, use, key=lambda each: each.at), count + 1)
    for last, count in found.values():
        yield last.repository, last.tag, usage_of(last, count)


def add(one: Usage, other: Usage) -> Usage:
    """In any order: the later moments, and the sum of each day."""
    pulls = dict(one.pulls)
    for day, count in other.pulls.items():
        pulls[day] = pulls.get(day, 0) + count
    return Usage(_later(one.pushed, other.pushed), _later(one.pulled, other.pulled), pulls)


def _later(one: Moment | None, other: Moment | None) -> Moment | None:
    return max((moment for moment in (one, other) if moment), default=None)


def add_tags(one: Tags, other: Tags) -> dict[str, Usage]:
    return {**one, **{tag: add(one.get(tag, Usage()), usage) for tag, usage in other.items()}}


def together(book: Repositories, more: Mapping[str, Tags]) -> Iterator[tuple[str, Tags]]:
    seen = set()
    for repository, tags in book:
        seen.add(repository)
        yield repository, add_tags(tags, more.get(repository, {}))
    yield from ((repository, tags) for repository, tags in more.items() if repository not in seen)


def recent(book: Callable[[], Repositories], today: int, most: int = MOST_TAGS) -> Iterator[tuple[str, Tags]]:
    """At most so many tags: those whose last use is the oldest go, and so do days before the last 30.

    ``book`` is read twice.
    """
    last_uses = (usage.last_use for _, tags in book() for usage in tags.values())
    newest = heapq.nlargest(most + 1, last_uses)
    limit = newest[most] if len(newest) > most else -1
    for repository, tags in book():
        kept = {tag: _without_old_days(usage, today) for tag, usage in tags.items() if usage.last_use > limit}
        if kept:
            yield repository, kept


def _without_old_days(usage: Usage, today: int) -> Usage:
    pulls = {day: count for day, count in usage.pulls.items() if day > today - DAYS}
    return Usage(usage.pushed, usage.pulled, pulls)


def to_json(tags: Tags) -> dict[str, Any]:
    return {
        tag: [_moment_to_json(usage.pushed), _moment_to_json(usage.pulled), usage.pulls] for tag, usage in tags.items()
    }


def _moment_to_json(moment: Moment | None) -> list[Any] | None:
    return [moment.at, moment.by] if moment else None


def from_json(content: Mapping[str, Any]) -> dict[str, Usage]:
    return {
        tag: Usage(_moment(pushed), _moment(pulled), {int(day): int(count) for day, count in pulls.items()})
        for tag, (pushed, pulled, pulls) in content.items()
    }


def _moment(content: Any) -> Moment | None:
    return Moment(int(content[0]), str(content[1])) if content else None


def write(path: Path, head: Head, book: Repositories) -> None:
    # Level 6 is as small as 9 to 2 %, in a third of the time.
    with gzip.open(path, "wt", compresslevel=6, encoding="utf-8") as file:
        file.write(_line({"format": FORMAT, "numbers": head.numbers}))
        for repository, tags in book:
            file.write(_line([repository, to_json(tags)]))


def _line(content: Any) -> str:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False) + "\n"


def read_head(path: Path) -> Head:
    """
    Raises:
        UnreadableError: the head, or what follows it, is damaged.
    """
    head, repositories = _read(path)
    for _ in repositories:
        pass
    return head


def read(path: Path) -> Iterator[tuple[str, Tags]]:
    """
    Raises:
        UnreadableError: before the end, if the file is damaged.
    """
    yield from _read(path)[1]


def _read(path: Path) -> tuple[Head, Iterator[tuple[str, Tags]]]:
    lines = _lines(path)
    first = next(lines, None)
    if not isinstance(first, dict) or first.get("format") != FORMAT:
        raise UnreadableError(f"{path} has no head of format {FORMAT}")
    try:
        head = Head({host: (int(number), int(day)) for host, (number, day) in first["numbers"].items()})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnreadableError(f"the head of {path} is damaged") from error
    return head, _repositories(path, lines)


def _repositories(path: Path, lines: Iterator[Any]) -> Iterator[tuple[str, Tags]]:
    for line in lines:
        try:
            repository, tags = line
            yield str(repository), from_json(tags)
        except (AttributeError, TypeError, ValueError) as error:
            raise UnreadableError(f"a line of {path} is damaged") from error


def _lines(path: Path) -> Iterator[Any]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            yield from map(json.loads, file)
    except (gzip.BadGzipFile, EOFError, zlib.error, ValueError) as error:
        raise UnreadableError(f"{path} is damaged: {error}") from error
