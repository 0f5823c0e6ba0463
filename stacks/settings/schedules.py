"""Recurring schedules as EventBridge Scheduler reads them.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from stacks.settings.form_error import FormError

RATE_FORM = "rate(5 minutes), rate(12 hours) or rate(1 day)"
CRON_FORM = "cron(minutes hours day-of-month month day-of-week year), e.g. cron(17 3 1 * ? *)"
EITHER_FORM = f"{RATE_FORM}, or {CRON_FORM}"


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    lowest: int
    highest: int
    names: Mapping[str, int] = field(default_factory=dict)
    # Forms that only this field has: the last day, the nearest weekday, the nth weekday of the month.
    special: str = r"(?!)"

    def number(self, text: str) -> int:
        value = self.names.get(text.upper(), int(text) if re.fullmatch(r"[0-9]{1,4}", text) else None)
        if value is None or not self.lowest <= value <= self.highest:
            words = f" or {next(iter(self.names))}-{list(self.names)[-1]}" if self.names else ""
            raise _cron_error(f"has {text!r} as {self.name}, which is {self.lowest}-{self.highest}{words}")
        return value


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_DAY = rf"([1-7]|{'|'.join(_DAYS)})"
_FIELDS = (
    _Field("minutes", 0, 59),
    _Field("hours", 0, 23),
    _Field("day of month", 1, 31, special=r"L|([1-9]|[12][0-9]|3[01])W"),
    _Field("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    _Field(
        "day of week",
        1,
        7,
        {name: number for number, name in enumerate(_DAYS, 1)},
        rf"L|{_DAY}L|{_DAY}#[1-5]",
    ),
    _Field("year", 1970, 2199),
)
_DAY_FIELDS = ("day of month", "day of week")


def _cron_error(problem: str) -> FormError:
    return FormError(problem, CRON_FORM)


def schedule(text: str) -> str:
    """A schedule that fires again and again.

    Raises:
        FormError: EventBridge Scheduler would not take it, or it fires only once.
    """
    match = re.fullmatch(r"(rate|cron|at)\((.*)\)", text)
    if not match:
        raise FormError("is not a schedule", EITHER_FORM)
    kind, content = match.groups()
    if kind == "at":
        raise FormError("fires only once", EITHER_FORM)
    if kind == "rate":
        _check_rate(content)
    else:
        _check_cron(content)
    return text


def _check_rate(content: str) -> None:
    match = re.fullmatch(r"([1-9][0-9]*) (minute|hour|day)(s?)", content)
    if not match:
        raise FormError("is not a rate", RATE_FORM)
    count, unit, plural = match.groups()
    # Scheduler takes both "1 minute" and "1 minutes".
    if count != "1" and not plural:
        raise FormError(f"has {unit!r} after {count}, which is {unit}s", RATE_FORM)


def _check_cron(content: str) -> None:
    texts = content.split()
    if len(texts) != len(_FIELDS):
        raise _cron_error(f"has {len(texts)} fields instead of {len(_FIELDS)}")
    for known, text in zip(_FIELDS, texts, strict=True):
        _check_field(known, text)
    unknown = [known.name for known, text in zip(_FIELDS, texts, strict=True) if text == "?"]
    if len(unknown) != 1:
        raise _cron_error("needs ? as either the day of month or the day of week, not as both or neither")


def _check_field(known: _Field, text: str) -> None:
    if text == "?":
        if known.name not in _DAY_FIELDS:
            raise _cron_error(f"has ? as {known.name}, where * is meant")
        return
    parts = text.split(",")
    if "#" in text and len(parts) > 1:
        raise _cron_error(f"has {text!r} as {known.name}: # stands alone")
    for part in parts:
        if not re.fullmatch(known.special, part, re.IGNORECASE):
            _check_part(known, part)


def _check_part(known: _Field, part: str) -> None:
    span, slash, step = part.partition("/")
    if slash and not (re.fullmatch(r"[1-9][0-9]{0,3}", step) and int(step) <= known.highest):
        raise _cron_error(f"has a step of {step!r} as {known.name}, which is 1-{known.highest}")
    if span == "*":
        return
    first, dash, last = span.partition("-")
    start = known.number(first)
    if dash and known.number(last) < start:
        raise _cron_error(f"has {span!r} as {known.name}, which runs backwards")
