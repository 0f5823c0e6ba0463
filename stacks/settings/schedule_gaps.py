"""How long a schedule stays silent at most: what a missing heartbeat is measured against."""

import calendar
import re
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

# Every combination of weekday and date, and the Februaries of two leap years.
_DAYS = [date(2027, 1, 1) + timedelta(offset) for offset in range(6 * 366)]
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


@cache
def longest_gap(schedule: str) -> timedelta:
    """Between two runs of a schedule in a form that ``stacks.schedules`` accepts.

    ``timedelta.max`` if it names years, and so comes to an end, or runs less than twice in six years.
    """
    kind, content = schedule.rstrip(")").split("(")
    if kind == "rate":
        count, unit = content.split()
        return int(count) * timedelta(**{f"{unit.rstrip('s')}s": 1})
    minutes, hours, days, months, weekdays, years = content.upper().split()
    due_months = _numbers(months, 1, 12, _MONTHS)
    runs = [day for day in _DAYS if day.month in due_months and _is_due(day, days, weekdays)]
    if years != "*" or len(runs) < 2:
        return timedelta.max
    times = [
        timedelta(hours=hour, minutes=minute)
        for hour in sorted(_numbers(hours, 0, 23))
        for minute in sorted(_numbers(minutes, 0, 59))
    ]
    overnight = max(later - earlier for earlier, later in pairwise(runs)) + times[0] - times[-1]
    return max([overnight, *(later - earlier for earlier, later in pairwise(times))])


def _numbers(text: str, lowest: int, highest: int, names: tuple[str, ...] = ()) -> set[int]:
    def number(word: str) -> int:
        return names.index(word) + 1 if word in names else int(word)

    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        start = lowest if first == "*" else number(first)
        # 5/10 means from 5 on.
        end = number(last) if dash else highest if first == "*" or step else start
        found.update(range(start, end + 1, int(step or 1)))
    return found


def _is_due(day: date, days: str, weekdays: str) -> bool:
    if weekdays == "?":
        return any(_is_that_date(day, part) for part in days.split(","))
    return any(_is_that_weekday(day, part) for part in weekdays.split(","))


def _is_that_date(day: date, part: str) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    if part == "L":
        return day.day == last
    if match := re.fullmatch(r"([0-9]+)W", part):
        # The weekday nearest to that date, in the same month.
        wanted = day.replace(day=min(int(match[1]), last))
        saturday, sunday = wanted.weekday() == 5, wanted.weekday() == 6
        shift = (
            (2 if wanted.day == 1 else -1) if saturday else (-2 if wanted.day == last else 1) if sunday else 0
        )
        return day == wanted + timedelta(shift)
    return day.day in _numbers(part, 1, 31)


def _is_that_weekday(day: date, part: str) -> bool:
    number = day.isoweekday() % 7 + 1
    if match := re.fullmatch(r"(\w+)#([1-5])", part):
        return number in _numbers(match[1], 1, 7, _WEEKDAYS) and (day.day - 1) // 7 + 1 == int(match[2])
    if match := re.fullmatch(r"(\w+)L", part):
        last = calendar.monthrange(day.year, day.month)[1]
        return number in _numbers(match[1], 1, 7, _WEEKDAYS) and day.day + 7 > last
    return number in ({7} if part == "L" else _numbers(part, 1, 7, _WEEKDAYS))
