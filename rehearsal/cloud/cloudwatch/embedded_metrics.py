"""Metrics inside log lines, as CloudWatch Logs extracts them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Measured:
    """Values of one metric at one moment."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    values: tuple[float, ...]
    unit: str = "None"


def read_line(line: str) -> tuple[Measured, ...]:
    """Nothing of a line that is no whole JSON object, or whose metadata names a member that it has not."""
    try:
        document = json.loads(line)
        return tuple(_measured(document))
    except (ValueError, TypeError, KeyError, AttributeError):
        return ()


def _measured(document: Mapping[str, Any]) -> Iterator[Measured]:
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for metric in directive["Metrics"]:
            found = document[metric["Name"]]
            values = tuple(float(each) for each in (found if isinstance(found, list) else [found]))
            for names in directive["Dimensions"]:
                dimensions = {name: str(document[name]) for name in names}
                unit = metric.get("Unit", "None")
                yield Measured(directive["Namespace"], metric["Name"], dimensions, values, unit)
