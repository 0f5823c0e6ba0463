"""What a request to Auto Scaling asks for."""

from collections.abc import Iterable

from moto.autoscaling.models import autoscaling_backends

from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.policy import Resource
from rehearsal.cloud.iam.request import EVERYTHING, UNKNOWN, Ask, Parameter, tag_context

SIGNING_NAME = "autoscaling"


def asks(scope: Scope, operation: str, parameter: Parameter) -> Iterable[Ask]:
    groups = EVERYTHING if operation.startswith("Describe") else _groups(scope, parameter) or UNKNOWN
    yield Ask(f"autoscaling:{operation}", groups)


def _groups(scope: Scope, parameter: Parameter) -> list[Resource]:
    """The group that is named, or that has the instance."""
    return [
        Resource(
            group.arn, tag_context("autoscaling", [{"key": tag["Key"], "value": tag["Value"]} for tag in group.tags])
        )
        for group in scope.regional(autoscaling_backends).autoscaling_groups.values()
        if group.name == parameter("AutoScalingGroupName")
        or any(state.instance.id == parameter("InstanceId") for state in group.instance_states)
    ]
