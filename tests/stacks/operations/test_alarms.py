"""The CloudWatch alarms."""

from datetime import UTC, datetime
from typing import Any

import pytest

from rehearsal.cloud.cloudwatch.evaluation import Datapoint, Rule, evaluate
from tests.support.assembly import Assembly, Synthesise, readable

NAMESPACE = "PrivateRegistry"


def alarms(assembly: Assembly) -> dict[str, dict[str, Any]]:
    found = assembly.operations.of_type("AWS::CloudWatch::Alarm")
    return {name.removeprefix("Alarms")[:-8]: each["Properties"] for name, each in found.items()}


def test_every_silent_failure_has_an_alarm_that_sends_mail(assembly: Assembly) -> None:
    seen = alarms(assembly)
    of_functions = {f"{name}{what}" for name in ("Health", "Renewal") for what in ("Errors", "Heartbeat", "Throttles")}
    assert set(seen) == {"CertificateLife", "FailedMail", "LostRuns", "NoReceiver", *of_functions}
    for name, alarm in seen.items():
        (action,) = alarm.get("AlarmActions") or alarm["InsufficientDataActions"]
        assert (name, readable(action).startswith("<AlertsTopic")) == (name, True)
        assert alarm["AlarmDescription"].startswith("registry.example.com: ")


def state(alarm: dict[str, Any], *values: float | None) -> str:
    """What CloudWatch makes of these periods, the newest first; the oldest value is repeated."""
    periods, missing = alarm["EvaluationPeriods"], alarm["TreatMissingData"]
    rule = Rule(alarm["ComparisonOperator"], alarm["Threshold"], periods, periods, missing)
    seen = [*values, *[values[-1]] * rule.range][: rule.range]
    began = datetime(2027, 3, 1, tzinfo=UTC)
    verdict = evaluate(rule, [None if value is None else Datapoint(began, value) for value in seen])
    return verdict.state if verdict else "as it was"


def test_no_new_alarm_rings_before_its_first_datapoint(assembly: Assembly) -> None:
    assert [name for name, alarm in alarms(assembly).items() if state(alarm, None) == "ALARM"] == []


@pytest.mark.parametrize("schedule", ["rate(5 minutes)", "rate(12 hours)"])
def test_a_health_check_that_stops_sends_mail(synthesise: Synthesise, schedule: str) -> None:
    alarm = alarms(synthesise(health_schedule=schedule))["HealthHeartbeat"]
    assert state(alarm, None, None, 1, None) == "OK"
    # A new alarm begins in this state, so only one that had data changes to it.
    assert state(alarm, None) == "INSUFFICIENT_DATA"
    assert len(alarm["InsufficientDataActions"]) == 1


@pytest.mark.parametrize("schedule", ["rate(5 minutes)", "rate(12 hours)"])
def test_a_renewal_that_does_not_run_rings_at_the_next_health_check(synthesise: Synthesise, schedule: str) -> None:
    alarm = alarms(synthesise(health_schedule=schedule))["RenewalHeartbeat"]
    assert (state(alarm, 33, None), state(alarm, 33), state(alarm, 32.9)) == ("ALARM", "ALARM", "OK")


@pytest.mark.parametrize(
    ("schedule", "period"),
    [
        *(("rate(1 minute)", 300), ("rate(5 minutes)", 300), ("rate(10 minutes)", 600), ("cron(0/20 * * * ? *)", 1200)),
        *(("rate(8 hours)", 28_800), ("rate(500 minutes)", 32_400), ("rate(12 hours)", 43_200)),
    ],
)
def test_the_heartbeats_period_follows_the_schedule(synthesise: Synthesise, schedule: str, period: int) -> None:
    alarm = alarms(synthesise(health_schedule=schedule))["HealthHeartbeat"]
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (period, 3)
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    assert period * 3 <= (604_800 if period % 3600 == 0 else 86_400)


def test_a_month_and_a_day_without_a_renewal_run_is_an_alarm(assembly: Assembly) -> None:
    alarm = alarms(assembly)["RenewalHeartbeat"]
    assert (alarm["MetricName"], alarm["Threshold"]) == ("DaysSinceRenewalRun", 33)
    assert alarm["Period"] * alarm["EvaluationPeriods"] <= 86_400


def test_the_alarms_watch_the_functions_own_metrics(assembly: Assembly) -> None:
    ours = [each for each in alarms(assembly).values() if each["Namespace"] == NAMESPACE]
    own = {each["MetricName"]: each["Dimensions"] for each in ours}
    assert set(own) == {"AlertReceivers", "CertificateLifeLeft", "DaysSinceRenewalRun", "Healthy"}
    assert all(each == [{"Name": "service", "Value": "registry.example.com"}] for each in own.values())
    for function in assembly.operations.of_type("AWS::Lambda::Function").values():
        variables = function["Properties"]["Environment"]["Variables"]
        assert variables["POWERTOOLS_METRICS_NAMESPACE"] == NAMESPACE
        assert variables["POWERTOOLS_SERVICE_NAME"] == "registry.example.com"
