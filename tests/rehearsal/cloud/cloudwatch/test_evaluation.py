"""An alarm's state is what the CloudWatch user guide's tables say of its datapoints."""

from datetime import UTC, datetime, timedelta

import pytest

from rehearsal.cloud.cloudwatch.evaluation import Datapoint, Rule, evaluate
from rehearsal.cloud.cloudwatch.metrics import Measured, read_line

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


def rule(missing: str, *, periods: int = 3, to_alarm: int = 3) -> Rule:
    return Rule("GreaterThanOrEqualToThreshold", 1.0, periods, to_alarm, missing)


def datapoints(told: str) -> list[Datapoint | None]:
    """As the guide writes them: the newest last, X breaching, 0 not, - missing."""
    values = {"X": 1.0, "0": 0.0}
    return [
        Datapoint(NOON - timedelta(minutes=5 * back), values[each]) if each in values else None
        for back, each in enumerate(reversed(told.split()), 1)
    ]


def state(told: str, missing: str, *, to_alarm: int = 3) -> str:
    verdict = evaluate(rule(missing, to_alarm=to_alarm), datapoints(told))
    return verdict.state if verdict else "as it was"


def reason(told: str, missing: str, *, periods: int = 3) -> str:
    verdict = evaluate(rule(missing, periods=periods, to_alarm=periods), datapoints(told))
    assert verdict
    return verdict.reason


@pytest.mark.parametrize(
    ("to_alarm", "told", "states"),
    [
        (3, "0 - X - X", ("OK", "OK", "OK", "OK")),
        (3, "- - - - 0", ("OK", "OK", "OK", "OK")),
        (3, "- - - - -", ("INSUFFICIENT_DATA", "as it was", "ALARM", "OK")),
        (3, "0 X X - X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        (3, "- - X - -", ("ALARM", "as it was", "ALARM", "OK")),
        (2, "0 - X - X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        (2, "0 0 X 0 X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        (2, "0 - X - -", ("OK", "OK", "ALARM", "OK")),
        (2, "- - - - 0", ("OK", "OK", "ALARM", "OK")),
        (2, "- - - X -", ("ALARM", "as it was", "ALARM", "OK")),
    ],
)
def test_three_periods_are_read_as_in_the_user_guide(to_alarm: int, told: str, states: tuple[str, ...]) -> None:
    assert tuple(state(told, missing, to_alarm=to_alarm) for missing in TREATMENTS) == states


@pytest.mark.parametrize("told", ["- - - - X", "- - - X -"])
def test_one_recent_breach_amid_missing_data_does_not_ring(told: str) -> None:
    assert state(told, "missing") == "as it was"


@pytest.mark.parametrize(
    ("comparison", "at_threshold"),
    [
        *((f"{side}ThanThreshold", False) for side in ("Greater", "Less")),
        *((f"{side}ThanOrEqualToThreshold", True) for side in ("Greater", "Less")),
    ],
)
def test_the_threshold_itself_breaches_only_where_it_is_included(comparison: str, at_threshold: bool) -> None:
    strict = Rule(comparison, 15.0, 1, 1, "ignore")
    verdict = evaluate(strict, [Datapoint(NOON, 15.0), None, None])
    assert verdict
    assert verdict.state == ("ALARM" if at_threshold else "OK")


def test_a_reason_has_cloudwatchs_words() -> None:
    assert reason("X", "notBreaching", periods=1) == (
        "Threshold Crossed: 1 out of the last 1 datapoints [1.0 (24/11/26 11:55:00)] was greater than or equal to"
        " the threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    assert reason("- - - - -", "breaching") == (
        "Threshold Crossed: no datapoints were received for 3 periods"
        " and 3 missing datapoints were treated as [Breaching]."
    )
    assert reason("- - 0 - -", "breaching") == (
        "Threshold Crossed: 1 datapoint [0.0 (24/11/26 11:45:00)] was not greater than or equal to"
        " the threshold (1.0) and 2 missing datapoints were treated as [Breaching]."
    )
    assert reason("-", "missing", periods=1) == "Insufficient Data: 1 datapoint was unknown."


EMBEDDED = (
    '{"_aws": {"Timestamp": 1, "CloudWatchMetrics": [{"Namespace": "Own", "Dimensions": [["service"]],'
    ' "Metrics": [{"Name": "Healthy", "Unit": "Count"}]}]}, "service": "r.example", "Healthy": [1.0, 0.0]}'
)


def test_a_metric_is_read_from_a_line_of_the_log() -> None:
    assert read_line(EMBEDDED) == (Measured("Own", "Healthy", {"service": "r.example"}, (1.0, 0.0), "Count"),)


@pytest.mark.parametrize(
    "line",
    [
        f"INFO {EMBEDDED}",
        EMBEDDED.replace('"Healthy": [', '"Other": ['),
        EMBEDDED.replace('"service": "r.example"', '"other": "r.example"'),
        '{"level": "INFO"}',
        '"text"',
        "START RequestId: 1",
    ],
)
def test_a_line_without_embedded_metrics_measures_nothing(line: str) -> None:
    assert read_line(line) == ()
