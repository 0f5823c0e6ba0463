"""EventBridge Scheduler starts a function in the schedule's role; what it cannot start is not lost."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from rehearsal.cloud import NoScheduleError
from tests.rehearsal.cloud.account import Account
from tests.rehearsal.cloud.functions import (
    MAY_LOSE,
    MAY_START,
    Runtime,
    function_resources,
    schedule_resources,
)

TURN = datetime(2027, 3, 1, 13, 0, tzinfo=timezone(timedelta(hours=1)))


@pytest.fixture
def account(running: Account) -> Iterator[Account]:
    yield running
    running.delete("schedule")


def deploy(account: Account, *statements: dict[str, Any], **properties: Any) -> None:
    """A schedule whose role has these rights."""
    resources = {**function_resources(), **schedule_resources(*statements, **properties)}
    assert account.create("schedule", {"Resources": resources}) == "CREATE_COMPLETE"


def lost(account: Account) -> list[dict[str, Any]]:
    sqs = account.client("sqs")
    (url,) = sqs.list_queues()["QueueUrls"]
    found: list[dict[str, Any]] = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get(
        "Messages", []
    )
    return found


def test_a_function_is_told_when_its_turn_was(account: Account, runtime: Runtime) -> None:
    deploy(account, MAY_START, MAY_LOSE)
    fired = account.cloud.fire("check_health", TURN)
    ((_, payload),) = runtime.asked
    assert json.loads(payload) == {"now": "2027-03-01T12:00:00Z", "attempt": 1}
    assert (fired.event, fired.scheduled_at) == (payload, "2027-03-01T12:00:00Z")
    assert (fired.lost, fired.dead_letter) == ("", "")


def test_a_run_that_fails_is_tried_again_and_is_no_dead_letter(account: Account, runtime: Runtime) -> None:
    deploy(account, MAY_START, MAY_LOSE)
    runtime.failures = 100
    fired = account.cloud.fire("check_health", TURN)
    assert [each.error for each in fired.outcomes] == ["Unhandled", "Unhandled"]
    assert lost(account) == []


def test_a_run_that_succeeds_at_the_second_attempt_is_not_tried_again(
    account: Account, runtime: Runtime
) -> None:
    deploy(account, MAY_START, MAY_LOSE)
    runtime.failures = 1
    fired = account.cloud.fire("check_health", TURN)
    assert [each.error for each in fired.outcomes] == ["Unhandled", ""]


def test_a_run_that_cannot_be_started_is_a_dead_letter(account: Account, runtime: Runtime) -> None:
    deploy(account, MAY_LOSE)
    fired = account.cloud.fire("check_health", TURN)
    assert runtime.asked == []
    assert fired.lost.startswith("AccessDeniedException: ")
    (message,) = lost(account)
    assert json.loads(message["Body"])["now"] == "2027-03-01T12:00:00Z"
    attributes = {name: each["StringValue"] for name, each in message["MessageAttributes"].items()}
    assert attributes["ERROR_CODE"] == "AccessDeniedException"
    assert attributes["TARGET_ARN"].endswith(":function:check")


def test_a_dead_letter_needs_the_right_to_write_it(account: Account, runtime: Runtime) -> None:
    deploy(account)
    fired = account.cloud.fire("check_health", TURN)
    assert runtime.asked == []
    assert fired.dead_letter == ""
    assert lost(account) == []


def test_a_schedule_that_is_switched_off_neither_starts_nor_loses_anything(
    account: Account, runtime: Runtime
) -> None:
    deploy(account, MAY_START, MAY_LOSE, State="DISABLED")
    fired = account.cloud.fire("check_health", TURN)
    assert runtime.asked == []
    assert fired.lost.startswith("Disabled: ")
    assert lost(account) == []


def test_a_job_nobody_schedules_is_named_with_those_there_are(account: Account) -> None:
    deploy(account, MAY_START)
    with pytest.raises(NoScheduleError, match=r"with renew in its handler \(functions: code\.check_health\)"):
        account.cloud.fire("renew", TURN)
