"""How long a schedule is silent at most."""

from datetime import timedelta

import pytest

from stacks.settings.schedule_gaps import longest_gap


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
def test_the_longest_silence_is_known(schedule: str, gap: timedelta) -> None:
    assert longest_gap(schedule) == gap
