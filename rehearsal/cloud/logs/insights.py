"""CloudWatch Logs Insights QL: the commands that the product's documents use. Any other is refused.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
# Unless the query has a limit of its own.
MOST_ROWS = 10_000
_FILTER = re.compile(r"(?P<field>[@\w.]+) +(?:like +/(?P<pattern>[^/]+)/|= +(?:\"(?P<text>[^\"]*)\"|(?P<number>\d+)))")
_SORT = re.compile(r"(?P<field>[@\w.]+)(?: +(?P<order>asc|desc))?")


class MalformedQueryError(Exception):
    """AWS would refuse the query, or this module does not know a part of it."""


@dataclass(frozen=True, slots=True)
class Event:
    stream: str
    milliseconds: int
    """Since 1970."""

    message: str

    def row(self) -> Row:
        """An event of JSON has its fields, too."""
        own = {"@timestamp": self.milliseconds, "@message": self.message, "@logStream": self.stream}
        try:
            found = json.loads(self.message)
        except ValueError:
            return own
        return {**found, **own} if isinstance(found, dict) else own


def run(query: str, events: Iterable[Event]) -> list[dict[str, str]]:
    """The chosen fields of each row; a row without a field has no entry for it.

    Raises:
        MalformedQueryError
    """
    rows: Sequence[Row] = sorted((event.row() for event in events), key=lambda row: -row["@timestamp"])
    shown, most, seen = ["@timestamp", "@message"], MOST_ROWS, ""
    for command in query.split("|"):
        verb, _, rest = command.strip().partition(" ")
        rest = rest.strip()
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Dedup.html
        if seen == "dedup" and verb != "limit":
            raise MalformedQueryError(f"{verb} after dedup: only limit may follow")
        if verb == "fields":
            shown = _names(rest)
        elif verb == "limit" and rest.isdigit():
            most = int(rest)
        elif verb in _COMMANDS:
            rows = _COMMANDS[verb](rest, rows)
        else:
            raise MalformedQueryError(f"unexpected {command.strip()!r}")
        seen = verb
    return [{name: str(row[name]) for name in shown if name in row} for row in rows[:most]]


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def _match(form: re.Pattern[str], text: str) -> re.Match[str]:
    if not (found := form.fullmatch(text)):
        raise MalformedQueryError(f"unexpected {text!r}")
    return found


def _filtered(text: str, rows: Sequence[Row]) -> Sequence[Row]:
    field, pattern, wanted, number = _match(_FILTER, text).group("field", "pattern", "text", "number")
    if pattern is not None:
        return [row for row in rows if field in row and re.search(pattern, str(row[field]))]
    value = wanted if number is None else int(number)
    return [row for row in rows if row.get(field) == value]


def _sorted(text: str, rows: Sequence[Row]) -> Sequence[Row]:
    field, order = _match(_SORT, text).group("field", "order")
    return sorted(rows, key=lambda row: str(row.get(field, "")), reverse=order != "asc")


def _without_duplicates(text: str, rows: Sequence[Row]) -> Sequence[Row]:
    """The first of each. A row that lacks one of the fields stays."""
    names, seen, kept = _names(text), set(), []
    for row in rows:
        key = tuple(row.get(name) for name in names)
        if None in key or key not in seen:
            kept.append(row)
        seen.add(key)
    return kept


_COMMANDS: Mapping[str, Callable[[str, Sequence[Row]], Sequence[Row]]] = {
    "filter": _filtered,
    "sort": _sorted,
    "dedup": _without_duplicates,
}
