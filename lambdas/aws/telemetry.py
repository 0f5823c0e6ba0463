"""Logs as JSON, and metrics inside them: no call, no permission."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger, Metrics

from lambdas.see.facts import moment
from lambdas.tell.measures import Measures

LOGGER = Logger()
METRICS = Metrics()


def scheduled_moment(event: Mapping[str, Any]) -> datetime:
    """The time a schedule's run was due, which its input carries; without one it is now."""
    if "now" not in event:
        return datetime.now(UTC)
    due = moment(str(event["now"]))
    if due is None:
        raise ValueError("the event's now is not ISO 8601")
    return due


def measure(values: Measures) -> None:
    for name, (unit, value) in values.items():
        METRICS.add_metric(name, unit, value)
