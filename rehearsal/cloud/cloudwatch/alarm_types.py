"""CloudWatch's alarms and dashboards."""

from itertools import chain
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, Dashboard, cloudwatch_backends

from rehearsal.cloud.cloudformation.resource_type import PlainType, Request, Settled, Updated
from rehearsal.cloud.cloudwatch.evaluation import COMPARISONS


def cloudwatch_of(request: Request) -> CloudWatchBackend:
    return cloudwatch_backends[request.place.account][request.place.region]


class AlarmType(PlainType):
    def create(self, request: Request) -> Settled:
        name = str(request.properties.get("AlarmName") or request.generated_name())
        return self._put(request, name)

    def update(self, request: Request, resource: Settled, previous: Request) -> Updated:
        if request.properties.get("AlarmName") != previous.properties.get("AlarmName"):
            return Updated(self.create(request), replaced=True)
        alarms = cloudwatch_of(request).alarms
        before = alarms[resource.physical_resource_id]
        updated = self._put(request, resource.physical_resource_id)
        # Its state stays what it was (PutMetricAlarm, CloudWatch API reference).
        after = alarms[resource.physical_resource_id]
        after.state_value, after.state_reason = before.state_value, before.state_reason
        after.state_updated_timestamp = before.state_updated_timestamp
        return Updated(updated)

    def delete(self, request: Request, resource: Settled) -> None:
        cloudwatch_of(request).delete_alarms([resource.physical_resource_id])

    def _put(self, request: Request, name: str) -> Settled:
        properties = request.properties
        _refuse_unplayed(request)
        alarm = cloudwatch_of(request).put_metric_alarm(
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
            actions_enabled=_is_true(properties.get("ActionsEnabled", True)),
            treat_missing_data=properties.get("TreatMissingData", "missing"),
            tags=properties.get("Tags"),
        )
        # A new alarm has seen no data (CloudWatch user guide); moto begins with OK.
        alarm.state_value = "INSUFFICIENT_DATA"
        return Settled(name, {"Arn": alarm.alarm_arn})


def _refuse_unplayed(request: Request) -> None:
    properties = request.properties
    names = ("Metrics", "ExtendedStatistic", "ThresholdMetricId")
    unplayed: list[str] = [name for name in names if name in properties]
    if properties.get("ComparisonOperator") not in COMPARISONS:
        unplayed.append(str(properties.get("ComparisonOperator")))
    actions = (properties.get(name, []) for name in ("AlarmActions", "OKActions", "InsufficientDataActions"))
    unplayed += [each for each in chain.from_iterable(actions) if not each.startswith("arn:aws:sns:")]
    if unplayed:
        raise NotImplementedError(f"the rehearsal's alarms have no {', '.join(unplayed)} yet")


class DashboardType(PlainType):
    """moto gives a dashboard a new name with each update."""

    def create(self, request: Request) -> Settled:
        name = str(request.properties.get("DashboardName") or request.generated_name())
        return Settled(_put_dashboard(request, name).name)

    def update(self, request: Request, resource: Settled, previous: Request) -> Updated:
        if request.properties.get("DashboardName") != previous.properties.get("DashboardName"):
            return Updated(self.create(request), replaced=True)
        _put_dashboard(request, resource.physical_resource_id)
        return Updated(resource)

    def delete(self, request: Request, resource: Settled) -> None:
        cloudwatch_of(request).delete_dashboards([resource.physical_resource_id])


def _put_dashboard(request: Request, name: str) -> Dashboard:
    return cloudwatch_of(request).put_dashboard(name=name, body=request.properties["DashboardBody"])


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"
