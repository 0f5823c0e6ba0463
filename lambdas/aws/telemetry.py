"""Logs as JSON with the metrics inside them, which takes no call and no permission."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger, Metrics

from lambdas.see.facts import moment
from lambdas.tell.measures import Measures

LOGGER = Logger()
METRICS = Metrics()


def scheduled_moment(event: Mapping[str, Any]) -> datetime:
    """When a scheduled run was due, as its input says. A run by hand is due now."""
    if "now" not in event:
        return datetime.now(UTC)
    due = moment(str(event["now"]))
    if due is None:
        raise ValueError("the event's now is not ISO 8601")
    return due


def measure(values: Measures) -> None:
    for name, (unit, value) in values.items():
        METRICS.add_metric(name, unit, value)
