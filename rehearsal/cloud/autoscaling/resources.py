"""Auto Scaling groups, and the groups that a request asks for."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup, autoscaling_backends

from rehearsal.cloud.autoscaling import groups
from rehearsal.cloud.autoscaling.rolling_update import ROLLING, is_member, roll
from rehearsal.cloud.cloudformation.resource_type import MotoType, Request, Updated, differ
from rehearsal.cloud.cloudformation.signals import NotSignalledError, creation_policy
from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.policy import Resource
from rehearsal.cloud.iam.request import EVERYTHING, UNKNOWN, Ask, Parameter, tag_context

SIGNING_NAME = "autoscaling"


class GroupType(MotoType):
    """moto knows no creation policy, no rolling update and no roll-back of one."""

    def create(self, request: Request) -> Any:
        return super().create(_with_stack_tags(request))

    def settle(self, request: Request, resource: FakeAutoScalingGroup) -> None:
        if policy := creation_policy(request.definition):
            request.signals.wait(
                policy,
                lambda instance_id: is_member(resource, instance_id),
                lambda missing: NotSignalledError(
                    f"Failed to receive {missing} resource signal(s) within the specified duration"
                ),
            )

    def update(self, request: Request, resource: FakeAutoScalingGroup, previous: Request) -> Updated:
        _change(request, resource)
        policy = request.definition.get("UpdatePolicy", {})
        if unknown := set(policy) - {"AutoScalingRollingUpdate", "AutoScalingScheduledAction"}:
            raise NotImplementedError(f"the rehearsal's AWS has no update policy {', '.join(sorted(unknown))}")
        if differ(request, previous, *ROLLING) and "AutoScalingRollingUpdate" in policy:
            roll(request, resource, policy["AutoScalingRollingUpdate"])
        groups.fit(resource)
        return Updated(resource)


def _with_stack_tags(request: Request) -> Request:
    """CloudFormation puts its own tags on the group, and the group on its instances."""
    tags = [{"Key": key, "Value": value, "PropagateAtLaunch": True} for key, value in request.stack_tags.items()]
    properties = request.properties
    properties["Tags"] = [*properties.get("Tags", []), *tags]
    return replace(request, definition={**request.definition, "Properties": properties})


def _change(request: Request, group: FakeAutoScalingGroup) -> None:
    """The group's own properties; moto would at once terminate whatever instance comes first."""
    properties = _with_stack_tags(request).properties
    group._set_azs_and_vpcs(properties.get("AvailabilityZones", []), ",".join(properties["VPCZoneIdentifier"]))
    group._set_launch_configuration("", properties["LaunchTemplate"], None)
    group.max_size = int(properties["MaxSize"])
    group.min_size = int(properties["MinSize"])
    wanted = int(properties.get("DesiredCapacity", group.desired_capacity or 0))
    group.desired_capacity = min(max(wanted, group.min_size), group.max_size)
    group.health_check_grace_period = properties.get("HealthCheckGracePeriod", group.health_check_grace_period)
    group.health_check_type = properties.get("HealthCheckType", "EC2")
    group.tags = properties["Tags"]


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


TYPES = {"AWS::AutoScaling::AutoScalingGroup": GroupType()}
