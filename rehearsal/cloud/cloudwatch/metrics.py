"""CloudWatch's metrics: those of AWS services, and those in the logs of functions."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, MetricDatumBase, cloudwatch_backends
from moto.sqs.models import sqs_backends

from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.identity import aware


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


class Metrics:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def record(self, measured: Measured, at: datetime) -> None:
        rows: list[dict[str, Any]] = [
            {
                "MetricName": measured.name,
                "Dimensions": [{"Name": key, "Value": value} for key, value in measured.dimensions.items()],
                "Timestamp": at,
                "Unit": measured.unit,
                "Value": value,
            }
            for value in measured.values
        ]
        self._backend.put_metric_data(measured.namespace, rows)

    def record_log(self, lines: Iterable[str], at: datetime) -> None:
        """The metrics in a log that reached its group. They count at ``at``, because the timestamps in the log are
        the machine's."""
        for line in lines:
            for measured in read_line(line):
                self.record(measured, at)

    def record_invocation(self, function: str, *, failed: bool, duration_milliseconds: float, at: datetime) -> None:
        """Each invocation counts errors and throttles, even if there were none.
        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
        """
        dimensions = {"FunctionName": function}
        counts = {"Invocations": 1.0, "Errors": float(failed), "Throttles": 0.0}
        for name, value in counts.items():
            self.record(Measured("AWS/Lambda", name, dimensions, (value,), "Count"), at)
        duration = (duration_milliseconds,)
        self.record(Measured("AWS/Lambda", "Duration", dimensions, duration, "Milliseconds"), at)

    def record_notification(self, topic_arn: str, *, delivered: bool, at: datetime) -> None:
        """https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html"""
        name = "NumberOfNotificationsDelivered" if delivered else "NumberOfNotificationsFailed"
        dimensions = {"TopicName": topic_arn.rsplit(":", 1)[-1]}
        self.record(Measured("AWS/SNS", name, dimensions, (1.0,), "Count"), at)

    def record_queues(self, at: datetime) -> None:
        """SQS measures each minute; here at each look at the alarms.
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
        """
        for queue in self._scope.regional(sqs_backends).queues.values():
            visible = (float(queue.approximate_number_of_messages),)
            name = "ApproximateNumberOfMessagesVisible"
            self.record(Measured("AWS/SQS", name, {"QueueName": queue.name}, visible, "Count"), at)

    def between(
        self, namespace: str, name: str, dimensions: Mapping[str, str], began: datetime, ended: datetime
    ) -> list[MetricDatumBase]:
        """What was measured from the one moment to just before the other."""
        return [
            each
            for each in self._backend.metric_data
            if (each.namespace, each.name) == (namespace, name)
            and {str(part.name): str(part.value) for part in each.dimensions} == dimensions
            and began <= aware(each.timestamp) < ended
        ]

    @property
    def _backend(self) -> CloudWatchBackend:
        return self._scope.regional(cloudwatch_backends)
