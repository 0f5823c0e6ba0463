"""What a function is told by its stack and by its schedule."""

from datetime import UTC, datetime, timedelta

import pytest

from lambdas.aws.telemetry import scheduled_moment
from lambdas.environment import Environment, HealthEnvironment, IncompleteEnvironmentError
from tests.lambdas.account import ENVIRONMENT

TOLD = {name.upper(): getattr(ENVIRONMENT, name) for name in HealthEnvironment.__dataclass_fields__}


def test_an_environment_is_read_whole() -> None:
    assert HealthEnvironment.read(TOLD) == ENVIRONMENT
    assert Environment.read(TOLD).renewal_state.key == "renewal/registry.example.com.json"


def test_everything_missing_is_named_at_once() -> None:
    told = {**TOLD, "ADDRESS": "", "TOPIC_ARN": ""}
    with pytest.raises(IncompleteEnvironmentError, match="missing: ADDRESS, TOPIC_ARN"):
        Environment.read(told)


def test_a_run_counts_from_when_it_was_due() -> None:
    assert scheduled_moment({"now": "2026-12-01T03:17:00Z"}) == datetime(2026, 12, 1, 3, 17, tzinfo=UTC)


def test_a_run_by_hand_is_due_now() -> None:
    assert abs(scheduled_moment({}) - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("now", ["<aws.scheduler.scheduled-time>", "", "yesterday", 5, None])
def test_a_time_that_is_none_fails_the_run(now: object) -> None:
    with pytest.raises(ValueError, match="not ISO 8601"):
        scheduled_moment({"now": now})
