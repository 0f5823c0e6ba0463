"""The schedules of the health check and of the renewal."""

import json

import pytest

from tests.support.assembly import Assembly, Synthesise, readable


@pytest.mark.parametrize(
    ("name", "runs", "window", "delay"),
    [("Renewal", "cron(17 3 1 * ? *)", 60, 43_200), ("Health", "rate(5 minutes)", 1, 240)],
)
def test_a_schedule_keeps_lost_runs(assembly: Assembly, name: str, runs: str, window: int, delay: int) -> None:
    schedule = assembly.operations.properties("AWS::Scheduler::Schedule", name)
    assert schedule["ScheduleExpression"] == runs
    assert schedule["ScheduleExpressionTimezone"] == "UTC"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": window}
    target = schedule["Target"]
    assert json.loads(target["Input"]) == {"now": "<aws.scheduler.scheduled-time>"}
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == delay
    assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
    assert readable(target["DeadLetterConfig"]["Arn"]).startswith("<LostRuns")


def test_schedules_follow_the_settings(synthesise: Synthesise) -> None:
    changed = synthesise(schedule_time_zone="Europe/Berlin", health_schedule="rate(10 minutes)")
    schedule = changed.operations.properties("AWS::Scheduler::Schedule", "Health")
    assert schedule["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert schedule["ScheduleExpression"] == "rate(10 minutes)"


def test_a_schedule_has_exactly_these_permissions(assembly: Assembly) -> None:
    assert assembly.operations.statements("RenewalScheduleRole") == [
        ("Start", {"lambda:InvokeFunction"}, {"<RenewCertificate>"}, None),
        ("Lose", {"sqs:SendMessage"}, {"<LostRuns>"}, None),
    ]
