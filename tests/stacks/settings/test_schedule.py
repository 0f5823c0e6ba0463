"""Schedules that EventBridge Scheduler accepts or refuses, and the longest gap between two runs."""

from datetime import timedelta

import pytest

from stacks.settings.forms import FormError
from stacks.settings.schedule import longest_gap, schedule


@pytest.mark.parametrize(
    "text",
    [
        *("rate(5 minutes)", "rate(1 day)", "rate(1 days)", "rate(12 hours)"),
        *("cron(17 3 1 * ? *)", "cron(0 10 * * ? *)", "cron(0 18 ? * MON-FRI *)", "cron(0/15 * * * ? *)"),
        *("cron(*/5 8-17 ? * 2-6 2026-2030)", "cron(0 8 L * ? *)", "cron(0 8 15W * ? *)"),
        *("cron(15 10 ? * 6L 2026-2027)", "cron(0 9 ? jan,jul fri#2 *)", "cron(0,30 0 1,15 1-6 ? 2199)"),
    ],
)
def test_a_repeating_schedule_is_accepted(text: str) -> None:
    assert schedule(text) == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        *((text, "is not a schedule") for text in ("", "monthly", "0 3 1 * *", "cron(0 3 1 * ? *")),
        ("at(2026-12-01T03:00:00)", "fires only once"),
        *((f"rate({text})", "is not a rate") for text in ("0 minutes", "-5 minutes", "5", "5 seconds", "1.5 hours")),
        ("rate(5 minute)", "has 'minute' after 5, which is minutes"),
        ("cron()", "has 0 fields instead of 6"),
        ("cron(0 3 1 * *)", "has 5 fields instead of 6"),
        ("cron(0 0 3 1 * ? *)", "has 7 fields instead of 6"),
        ("cron(60 3 1 * ? *)", "has '60' as minutes, which is 0-59"),
        ("cron(0 24 1 * ? *)", "has '24' as hours, which is 0-23"),
        ("cron(0 3 0 * ? *)", "has '0' as day of month, which is 1-31"),
        ("cron(0 3 32 * ? *)", "has '32' as day of month"),
        ("cron(0 3 1 13 ? *)", "has '13' as month, which is 1-12 or JAN-DEC"),
        ("cron(0 3 1 JANUARY ? *)", "has 'JANUARY' as month"),
        ("cron(0 3 ? * 8 *)", "has '8' as day of week, which is 1-7 or SUN-SAT"),
        ("cron(0 3 ? * 0 *)", "has '0' as day of week"),
        ("cron(0 3 1 * ? 1969)", "has '1969' as year, which is 1970-2199"),
        ("cron(0 3 1 * ? 2200)", "has '2200' as year"),
        ("cron(0 3 * * * *)", "needs ? as either the day of month or the day of week"),
        *((text, "needs ? as either") for text in ("cron(0 3 1 * MON *)", "cron(0 3 ? * ? *)")),
        ("cron(? 3 1 * ? *)", "has ? as minutes, where * is meant"),
        ("cron(0 3 1 ? ? *)", "has ? as month"),
        ("cron(0 3 ?,1 * ? *)", "has '?' as day of month"),
        ("cron(0 L 1 * ? *)", "has 'L' as hours"),
        ("cron(0 3 L-3 * ? *)", "has 'L' as day of month"),
        ("cron(0 3 32W * ? *)", "has '32W' as day of month"),
        ("cron(0 3 ? * 3#6 *)", "has '3#6' as day of week"),
        ("cron(0 3 ? * 3#1,6#3 *)", "# stands alone"),
        ("cron(0/0 3 1 * ? *)", "has a step of '0' as minutes"),
        ("cron(0/ 3 1 * ? *)", "has a step of '' as minutes"),
        ("cron(0/x 3 1 * ? *)", "has a step of 'x' as minutes"),
        ("cron(/5 3 1 * ? *)", "has '' as minutes"),
        ("cron(30-10 3 1 * ? *)", "has '30-10' as minutes, which runs backwards"),
        ("cron(0, 3 1 * ? *)", "has '' as minutes"),
        ("cron(1--2 3 1 * ? *)", "as minutes"),
        ("cron(٣ 3 1 * ? *)", "has '٣' as minutes"),
    ],
)
def test_a_schedule_that_aws_would_refuse_is_refused_before_the_deployment(text: str, problem: str) -> None:
    with pytest.raises(FormError) as caught:
        schedule(text)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("schedule", "gap"),
    [
        ("rate(5 minutes)", timedelta(minutes=5)),
        ("rate(1 hour)", timedelta(hours=1)),
        ("rate(2 days)", timedelta(2)),
        ("cron(17 3 1 * ? *)", timedelta(31)),
        ("cron(0/15 * * * ? *)", timedelta(minutes=15)),
        ("cron(*/5 8-17 ? * MON-FRI *)", timedelta(days=2, hours=14, minutes=5)),
        ("cron(0 9,21 * * ? *)", timedelta(hours=12)),
        ("cron(0 6,20 * * ? *)", timedelta(hours=14)),
        ("cron(0 8 L * ? *)", timedelta(31)),
        ("cron(0 8 15W * ? *)", timedelta(32)),
        ("cron(0 8 ? * 6L *)", timedelta(35)),
        ("cron(0 9 ? jan,jul fri#2 *)", timedelta(189)),
        ("cron(0 0 29 2 ? *)", timedelta(1461)),
        ("cron(0 0 1 1 ? 2026-2030)", timedelta.max),
        ("cron(0 0 31 2 ? *)", timedelta.max),
    ],
)
def test_the_longest_gap_between_two_runs(schedule: str, gap: timedelta) -> None:
    assert longest_gap(schedule) == gap
