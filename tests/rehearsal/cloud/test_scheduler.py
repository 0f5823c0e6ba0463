"""EventBridge Scheduler starts a function in the schedule's role, or keeps a dead letter."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from rehearsal.cloud.scheduler.scheduler import NoScheduleError
from tests.support.cloud_account import Account, attributes
from tests.support.cloud_functions import MAY_LOSE, MAY_START, Runtime, scheduled_function

TURN = datetime(2027, 3, 1, 13, 0, tzinfo=timezone(timedelta(hours=1)))


@pytest.fixture
def account(running: Account) -> Iterator[Account]:
    yield running
    running.delete("schedule")


def deploy(account: Account, *statements: dict[str, Any], **properties: Any) -> None:
    """A schedule whose role has these rights."""
    template = {"Resources": scheduled_function(*statements, **properties)}
    assert account.create("schedule", template) == "CREATE_COMPLETE"


def test_a_function_gets_the_scheduled_time(account: Account, runtime: Runtime) -> None:
    deploy(account, MAY_START, MAY_LOSE)
    fired = account.cloud.fire("check_health", TURN)
    ((_, payload),) = runtime.asked
    assert json.loads(payload) == {"now": "2027-03-01T12:00:00Z", "attempt": 1}
    assert (fired.event, fired.scheduled_at) == (payload, "2027-03-01T12:00:00Z")
    assert (fired.lost, fired.dead_letter) == ("", "")


def test_a_failed_run_is_retried_and_leaves_no_dead_letter(account: Account, runtime: Runtime) -> None:
    deploy(account, MAY_START, MAY_LOSE)
    runtime.failures = 100
    fired = account.cloud.fire("check_health", TURN)
    assert [each.error for each in fired.outcomes] == ["Unhandled", "Unhandled"]
    assert account.dead_letters() == []


def test_a_run_that_succeeds_at_the_second_attempt_is_not_retried(account: Account, runtime: Runtime) -> None:
    deploy(account, MAY_START, MAY_LOSE)
    runtime.failures = 1
    fired = account.cloud.fire("check_health", TURN)
    assert [each.error for each in fired.outcomes] == ["Unhandled", ""]


def test_a_run_that_cannot_be_started_is_a_dead_letter(account: Account, runtime: Runtime) -> None:
    deploy(account, MAY_LOSE)
    fired = account.cloud.fire("check_health", TURN)
    assert runtime.asked == []
    assert fired.lost.startswith("AccessDeniedException: ")
    (message,) = account.dead_letters()
    assert json.loads(message["Body"])["now"] == "2027-03-01T12:00:00Z"
    assert attributes(message)["ERROR_CODE"] == "AccessDeniedException"
    assert attributes(message)["TARGET_ARN"].endswith(":function:check")


def test_a_dead_letter_needs_a_permission_on_the_queue(account: Account, runtime: Runtime) -> None:
    deploy(account)
    fired = account.cloud.fire("check_health", TURN)
    assert runtime.asked == []
    assert fired.dead_letter == ""
    assert account.dead_letters() == []


def test_a_disabled_schedule_neither_runs_nor_leaves_a_dead_letter(account: Account, runtime: Runtime) -> None:
    deploy(account, MAY_START, MAY_LOSE, State="DISABLED")
    fired = account.cloud.fire("check_health", TURN)
    assert runtime.asked == []
    assert fired.lost.startswith("Disabled: ")
    assert account.dead_letters() == []


def test_an_unknown_job_is_refused_with_the_names_of_the_known_ones(account: Account) -> None:
    deploy(account, MAY_START)
    with pytest.raises(NoScheduleError, match=r"with renew in its handler \(functions: code\.check_health\)"):
        account.cloud.fire("renew", TURN)
