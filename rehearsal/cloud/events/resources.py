"""EventBridge's rules."""

import json
import re
from collections.abc import Mapping
from typing import Any

from moto.events.models import events_backends

from rehearsal.cloud.cloudformation.resource_type import Request, ResourceType, Settled

PLAYED_EVENTS = {"source": ["aws.ssm"], "detail-type": ["Parameter Store Change"]}
UNPLAYED = ("EventBusName", "RoleArn", "ScheduleExpression")
DOCUMENT = re.compile(r"arn:aws:ssm:[^:]+:\d+:document/.+")
RUN_COMMAND = {"Id", "Arn", "RoleArn", "Input", "RunCommandParameters", "RetryPolicy", "DeadLetterConfig"}
NEEDED = {"Id", "Arn", "RoleArn", "Input", "RunCommandParameters"}


class RuleType(ResourceType):
    """moto deletes a rule to change it, and takes targets that the rehearsal would ignore."""

    identity = ("Name",)

    def create(self, request: Request) -> Settled:
        _refuse_unplayed(request)
        # At most 64 characters (EventBridge API reference, PutRule).
        return self._put(request, request.name("Name", longest=64))

    def change(self, request: Request, resource: Settled, previous: Request) -> Settled:  # noqa: ARG002
        _refuse_unplayed(request)
        return self._put(request, resource.physical_resource_id)

    def delete(self, request: Request, resource: Settled) -> None:
        name, events = resource.physical_resource_id, request.scope.regional(events_backends)
        events.describe_rule(name, None).targets = []
        events.delete_rule(name, None)

    def _put(self, request: Request, name: str) -> Settled:
        properties = request.properties
        rule = request.scope.regional(events_backends).put_rule(
            name,
            description=properties.get("Description"),
            event_pattern=json.dumps(properties["EventPattern"]),
            state=properties.get("State"),
            tags=properties.get("Tags"),
        )
        rule.targets = properties.get("Targets", [])
        return Settled(rule.name, {"Arn": rule.arn})


def _refuse_unplayed(request: Request) -> None:
    properties = request.properties
    if found := [name for name in UNPLAYED if properties.get(name)]:
        raise NotImplementedError(f"the rehearsal's EventBridge has no rules with {', '.join(found)} yet")
    pattern = properties["EventPattern"]
    if {name: pattern.get(name) for name in PLAYED_EVENTS} != PLAYED_EVENTS:
        raise NotImplementedError(f"the rehearsal's EventBridge has no events but {PLAYED_EVENTS} yet")
    for target in properties.get("Targets", []):
        _refuse_unplayed_target(target)


def _refuse_unplayed_target(target: Mapping[str, Any]) -> None:
    if not DOCUMENT.fullmatch(target["Arn"]):
        raise NotImplementedError(f"the rehearsal's EventBridge has no target {target['Arn']} yet")
    if found := sorted(set(target) - RUN_COMMAND):
        raise NotImplementedError(f"the rehearsal's EventBridge has no {', '.join(found)} of a target yet")
    if missing := sorted(NEEDED - set(target)):
        raise ValueError(f"Run Command as a target needs {', '.join(missing)}")
    if len(target["RunCommandParameters"]["RunCommandTargets"]) != 1:
        raise ValueError("Run Command as a target takes exactly one RunCommandTarget")


TYPES = {"AWS::Events::Rule": RuleType()}
