"""EventBridge Scheduler's schedules and groups, which moto keeps but does not make from a template."""

from typing import Any

from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule, scheduler_backends

from rehearsal.cloud.cloudformation.resource_type import PlainType, Request, Settled, Updated


def scheduler_of(request: Request) -> EventBridgeSchedulerBackend:
    return scheduler_backends[request.place.account][request.place.region]


class ScheduleType(PlainType):
    def create(self, request: Request) -> Settled:
        schedule = scheduler_of(request).create_schedule(
            group_name=_group(request),
            name=_name(request),
            action_after_completion=None,
            **_parameters(request),
        )
        return _settled(schedule)

    def update(self, request: Request, resource: Settled, previous: Request) -> Updated:
        if _identity(request) != _identity(previous):
            return Updated(self.create(request), replaced=True)
        scheduler_of(request).update_schedule(
            group_name=_group(request), name=resource.physical_resource_id, **_parameters(request)
        )
        return Updated(resource)

    def delete(self, request: Request, resource: Settled) -> None:
        scheduler_of(request).delete_schedule(_group(request), resource.physical_resource_id)


class ScheduleGroupType(PlainType):
    def create(self, request: Request) -> Settled:
        name = str(request.properties.get("Name") or request.generated_name())
        group = scheduler_of(request).create_schedule_group(name, request.properties.get("Tags", []))
        return Settled(name, {"Arn": group.arn})

    def delete(self, request: Request, resource: Settled) -> None:
        scheduler_of(request).delete_schedule_group(resource.physical_resource_id)


def _settled(schedule: Schedule) -> Settled:
    return Settled(schedule.name, {"Arn": schedule.arn})


def _name(request: Request) -> str:
    # At most 64 characters (Scheduler API reference).
    return str(request.properties.get("Name") or request.generated_name()[-64:].lstrip("-"))


def _group(request: Request) -> str:
    return str(request.properties.get("GroupName") or "default")


def _identity(request: Request) -> tuple[Any, ...]:
    return request.properties.get("Name"), _group(request)


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
