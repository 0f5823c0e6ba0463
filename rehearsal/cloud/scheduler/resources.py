"""EventBridge Scheduler's schedules, which moto does not make from a template."""

from typing import Any

from moto.scheduler.models import scheduler_backends

from rehearsal.cloud.cloudformation.resource_type import Request, ResourceType, Settled


class ScheduleType(ResourceType):
    """moto has no type of this name."""

    identity = ("Name", "GroupName")

    def create(self, request: Request) -> Settled:
        schedule = request.scope.regional(scheduler_backends).create_schedule(
            group_name=_group(request),
            # At most 64 characters (Scheduler API reference).
            name=request.name("Name", longest=64),
            action_after_completion=None,
            **_parameters(request),
        )
        return Settled(schedule.name, {"Arn": schedule.arn})

    def change(self, request: Request, resource: Settled, previous: Request) -> Settled:  # noqa: ARG002
        request.scope.regional(scheduler_backends).update_schedule(
            group_name=_group(request), name=resource.physical_resource_id, **_parameters(request)
        )
        return resource

    def delete(self, request: Request, resource: Settled) -> None:
        scheduler = request.scope.regional(scheduler_backends)
        scheduler.delete_schedule(_group(request), resource.physical_resource_id)


def _group(request: Request) -> str:
    return str(request.properties.get("GroupName") or "default")


def _parameters(request: Request) -> dict[str, Any]:
    properties = request.properties
    return {
        "description": properties.get("Description"),
        "end_date": properties.get("EndDate"),
        "flexible_time_window": properties["FlexibleTimeWindow"],
        "kms_key_arn": properties.get("KmsKeyArn"),
        "schedule_expression": properties["ScheduleExpression"],
        "schedule_expression_timezone": properties.get("ScheduleExpressionTimezone", "UTC"),
        "start_date": properties.get("StartDate"),
        "state": properties.get("State", "ENABLED"),
        "target": properties["Target"],
    }


TYPES = {"AWS::Scheduler::Schedule": ScheduleType()}
