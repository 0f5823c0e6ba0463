"""Recurring schedules as EventBridge Scheduler reads them, and the longest time between two runs.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

from stacks.settings.forms import FormError

RATE_FORM = "rate(5 minutes), rate(12 hours) or rate(1 day)"
CRON_FORM = "cron(minutes hours day-of-month month day-of-week year), e.g. cron(17 3 1 * ? *)"
# Six years have every combination of weekday and date, and the Februaries of two leap years.
_DAYS = [date(2027, 1, 1) + timedelta(offset) for offset in range(6 * 366)]
_IsDue = Callable[[date], bool]


@dataclass(frozen=True, slots=True)
class Cron:
    minutes: list[int]
    hours: list[int]
    is_due: _IsDue
    """Whether it runs on a day."""
    ends: bool
    """Whether it names years, after which it never runs again."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    lowest: int
    highest: int
    names: tuple[str, ...] = ()

    def numbers(self, text: str) -> list[int]:
        """All numbers of a list of numbers, ranges and steps, in order."""
        if text == "?":
            raise _cron_error(f"has ? as {self.name}, where * is meant")
        return sorted({number for part in text.split(",") for number in self.range(part)})

    def range(self, part: str) -> range:
        span, slash, step = part.partition("/")
        if slash and not (re.fullmatch(r"[1-9][0-9]{0,3}", step) and int(step) <= self.highest):
            raise _cron_error(f"has a step of {step!r} as {self.name}, which is 1-{self.highest}")
        if span == "*":
            return range(self.lowest, self.highest + 1, int(step or 1))
        first, dash, last = span.partition("-")
        start = self.number(first)
        # 5/10 means from 5 on.
        end = self.number(last) if dash else self.highest if slash else start
        if end < start:
            raise _cron_error(f"has {span!r} as {self.name}, which runs backwards")
        return range(start, end + 1, int(step or 1))

    def number(self, text: str) -> int:
        if text.upper() in self.names:
            return self.lowest + self.names.index(text.upper())
        if re.fullmatch(r"[0-9]{1,4}", text) and self.lowest <= int(text) <= self.highest:
            return int(text)
        words = f" or {self.names[0]}-{self.names[-1]}" if self.names else ""
        raise _cron_error(f"has {text!r} as {self.name}, which is {self.lowest}-{self.highest}{words}")


_MINUTES = _Field("minutes", 0, 59)
_HOURS = _Field("hours", 0, 23)
_DAY_OF_MONTH = _Field("day of month", 1, 31)
_MONTHS = _Field("month", 1, 12, ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"))
_DAY_OF_WEEK = _Field("day of week", 1, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))
_YEARS = _Field("year", 1970, 2199)
_LAST_OR_NTH = re.compile(rf"([1-7]|{'|'.join(_DAY_OF_WEEK.names)})(?:L|#([1-5]))", re.IGNORECASE)
_NEAREST_WEEKDAY = re.compile(r"([1-9]|[12][0-9]|3[01])W", re.IGNORECASE)


def schedule(text: str) -> str:
    """A schedule that repeats.

    Raises:
        FormError: EventBridge Scheduler would refuse it, or it runs only once.
    """
    parse(text)
    return text


@cache
def longest_gap(text: str) -> timedelta:
    """The longest time between two runs: a missing heartbeat is measured against it.

    ``timedelta.max`` if the schedule comes to an end, or runs less than twice in six years.

    Raises:
        FormError: as :func:`schedule`.
    """
    parsed = parse(text)
    if isinstance(parsed, timedelta):
        return parsed
    runs = [day for day in _DAYS if parsed.is_due(day)]
    if parsed.ends or len(runs) < 2:
        return timedelta.max
    times = [timedelta(hours=hour, minutes=minute) for hour in parsed.hours for minute in parsed.minutes]
    overnight = max(later - earlier for earlier, later in pairwise(runs)) + times[0] - times[-1]
    return max([overnight, *(later - earlier for earlier, later in pairwise(times))])


def parse(text: str) -> timedelta | Cron:
    """The time between two runs of a rate, or the fields of a cron expression."""
    match = re.fullmatch(r"(rate|cron|at)\((.*)\)", text)
    if not match:
        raise FormError("is not a schedule")
    kind, content = match.groups()
    if kind == "at":
        raise FormError("fires only once")
    return _rate(content) if kind == "rate" else _cron(content.split())


def _rate(content: str) -> timedelta:
    # timedelta holds 9 digits of days.
    match = re.fullmatch(r"([1-9][0-9]{0,8}) (minute|hour|day)(s?)", content)
    if not match:
        raise FormError("is not a rate", RATE_FORM)
    count, unit, plural = match.groups()
    # Scheduler takes both "1 minute" and "1 minutes".
    if count != "1" and not plural:
        raise FormError(f"has {unit!r} after {count}, which is {unit}s", RATE_FORM)
    return int(count) * timedelta(**{f"{unit}s": 1})


def _cron(texts: list[str]) -> Cron:
    if len(texts) != 6:
        raise _cron_error(f"has {len(texts)} fields instead of 6")
    minutes, hours = _MINUTES.numbers(texts[0]), _HOURS.numbers(texts[1])
    is_date = _any_part(_DAY_OF_MONTH, _date, texts[2])
    months = _MONTHS.numbers(texts[3])
    is_weekday = _any_part(_DAY_OF_WEEK, _weekday, texts[4])
    _YEARS.numbers(texts[5])
    is_day = is_weekday or is_date
    if not is_day or (is_date and is_weekday):
        raise _cron_error("needs ? as either the day of month or the day of week, not as both or neither")
    return Cron(minutes, hours, lambda day: day.month in months and is_day(day), ends=texts[5] != "*")


def _any_part(field: _Field, read: Callable[[str], _IsDue], text: str) -> _IsDue | None:
    """Whether a day is in one of the parts; None for ``?``, which leaves it to the other field of days."""
    if text == "?":
        return None
    parts = text.split(",")
    if "#" in text and len(parts) > 1:
        raise _cron_error(f"has {text!r} as {field.name}: # stands alone")
    due = [read(part) for part in parts]
    return lambda day: any(is_due(day) for is_due in due)


def _date(part: str) -> _IsDue:
    if part.upper() == "L":
        return lambda day: day.day == _last(day)
    if match := _NEAREST_WEEKDAY.fullmatch(part):
        return lambda day: day == _nearest_weekday(day.replace(day=min(int(match[1]), _last(day))))
    numbers = _DAY_OF_MONTH.range(part)
    return lambda day: day.day in numbers


def _weekday(part: str) -> _IsDue:
    if match := _LAST_OR_NTH.fullmatch(part):
        wanted, nth = _DAY_OF_WEEK.number(match[1]), match[2]
        return lambda day: (
            day.isoweekday() % 7 + 1 == wanted
            and (day.day + 7 > _last(day) if nth is None else (day.day - 1) // 7 + 1 == int(nth))
        )
    numbers = range(7, 8) if part.upper() == "L" else _DAY_OF_WEEK.range(part)
    return lambda day: day.isoweekday() % 7 + 1 in numbers


def _last(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _nearest_weekday(day: date) -> date:
    """The weekday nearest to a date, in the same month."""
    saturday, sunday = day.weekday() == 5, day.weekday() == 6
    if saturday:
        return day + timedelta(2 if day.day == 1 else -1)
    return day + timedelta(-2 if day.day == _last(day) else 1) if sunday else day


def _cron_error(problem: str) -> FormError:
    return FormError(problem, CRON_FORM)
