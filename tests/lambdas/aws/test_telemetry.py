"""When a run was due."""

from datetime import UTC, datetime, timedelta

import pytest

from lambdas.aws.telemetry import scheduled_moment


def test_a_scheduled_run_counts_from_when_it_was_due() -> None:
    assert scheduled_moment({"now": "2026-12-01T03:17:00Z"}) == datetime(2026, 12, 1, 3, 17, tzinfo=UTC)


def test_a_run_by_hand_is_due_now() -> None:
    assert abs(scheduled_moment({}) - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("now", ["<aws.scheduler.scheduled-time>", "", "yesterday", 5, None])
def test_an_event_without_a_real_time_fails_the_run(now: object) -> None:
    with pytest.raises(ValueError, match="not ISO 8601"):
        scheduled_moment({"now": now})
