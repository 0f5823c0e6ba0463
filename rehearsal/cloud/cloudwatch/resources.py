"""CloudWatch's alarms and dashboards, and what a request asks for."""

from collections.abc import Iterable
from itertools import chain
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from rehearsal.cloud.cloudformation.resource_type import Request, ResourceType, Settled
from rehearsal.cloud.cloudwatch.evaluation import COMPARISONS
from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.request import EVERYTHING, UNKNOWN, Ask, Parameter

SIGNING_NAME = "monitoring"


class AlarmType(ResourceType):
    """moto has no type of this name; its API forgets an alarm's state on an update, and begins with OK."""

    identity = ("AlarmName",)

    def create(self, request: Request) -> Settled:
        return self._put(request, request.name("AlarmName"))

    def change(self, request: Request, resource: Settled, previous: Request) -> Settled:  # noqa: ARG002
        alarms = request.scope.regional(cloudwatch_backends).alarms
        before = alarms[resource.physical_resource_id]
        updated = self._put(request, resource.physical_resource_id)
        # Its state stays what it was (PutMetricAlarm, CloudWatch API reference).
        after = alarms[resource.physical_resource_id]
        after.state_value, after.state_reason = before.state_value, before.state_reason
        after.state_updated_timestamp = before.state_updated_timestamp
        return updated

    def delete(self, request: Request, resource: Settled) -> None:
        request.scope.regional(cloudwatch_backends).delete_alarms([resource.physical_resource_id])

    def _put(self, request: Request, name: str) -> Settled:
        properties = request.properties
        _refuse_unplayed(request)
        alarm = request.scope.regional(cloudwatch_backends).put_metric_alarm(
            name=name,
            namespace=properties["Namespace"],
            metric_name=properties["MetricName"],
            comparison_operator=properties["ComparisonOperator"],
            evaluation_periods=int(properties["EvaluationPeriods"]),
            datapoints_to_alarm=properties.get("DatapointsToAlarm"),
            period=int(properties["Period"]),
            threshold=float(properties["Threshold"]),
            statistic=properties.get("Statistic", ""),
            description=properties.get("AlarmDescription", ""),
            dimensions=properties.get("Dimensions", []),
            alarm_actions=properties.get("AlarmActions", []),
            ok_actions=properties.get("OKActions", []),
            insufficient_data_actions=properties.get("InsufficientDataActions", []),
            unit=properties.get("Unit"),
            actions_enabled=str(properties.get("ActionsEnabled", True)).lower() == "true",
            treat_missing_data=properties.get("TreatMissingData", "missing"),
            tags=properties.get("Tags"),
        )
        # A new alarm has seen no data (CloudWatch user guide).
        alarm.state_value = "INSUFFICIENT_DATA"
        return Settled(name, {"Arn": alarm.alarm_arn})


def _refuse_unplayed(request: Request) -> None:
    properties = request.properties
    names = ("Metrics", "ExtendedStatistic", "ThresholdMetricId")
    unplayed: list[Any] = [name for name in names if name in properties]
    if properties.get("ComparisonOperator") not in COMPARISONS:
        unplayed.append(str(properties.get("ComparisonOperator")))
    actions = (properties.get(name, []) for name in ("AlarmActions", "OKActions", "InsufficientDataActions"))
    unplayed += [each for each in chain.from_iterable(actions) if not each.startswith("arn:aws:sns:")]
    if unplayed:
        raise NotImplementedError(f"the rehearsal's alarms have no {', '.join(unplayed)} yet")


class DashboardType(ResourceType):
    """moto gives a dashboard a new name with each update."""

    identity = ("DashboardName",)

    def create(self, request: Request) -> Settled:
        return self._put(request, request.name("DashboardName"))

    def change(self, request: Request, resource: Settled, previous: Request) -> Settled:  # noqa: ARG002
        return self._put(request, resource.physical_resource_id)

    def delete(self, request: Request, resource: Settled) -> None:
        request.scope.regional(cloudwatch_backends).delete_dashboards([resource.physical_resource_id])

    def _put(self, request: Request, name: str) -> Settled:
        cloudwatch = request.scope.regional(cloudwatch_backends)
        return Settled(cloudwatch.put_dashboard(name=name, body=request.properties["DashboardBody"]).name)


def asks(_scope: Scope, operation: str, parameter: Parameter) -> Iterable[Ask]:
    known = operation in ("PutMetricData", "GetMetricData", "ListMetrics")
    writes = operation == "PutMetricData"
    context = {"cloudwatch:namespace": (str(parameter("Namespace")),)} if writes else {}
    yield Ask(f"cloudwatch:{operation}", EVERYTHING if known else UNKNOWN, context)


TYPES = {"AWS::CloudWatch::Alarm": AlarmType(), "AWS::CloudWatch::Dashboard": DashboardType()}
