"""AWS::AutoScaling::AutoScalingGroup: creation policy, rolling update, roll-back."""

from collections.abc import Mapping
from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup

from rehearsal.cloud.autoscaling import compute
from rehearsal.cloud.cloudformation.resource_type import MotoType, Request, Updated
from rehearsal.cloud.cloudformation.signals import (
    NotSignalledError,
    SignalPolicy,
    creation_policy,
    seconds_of,
    unsatisfied,
)

# CloudFormation user guide, "UpdatePolicy attribute": a rolling update happens when one of these changes.
ROLLING = ("LaunchTemplate", "LaunchConfigurationName", "VPCZoneIdentifier", "MixedInstancesPolicy")


class GroupType(MotoType):
    def __init__(self) -> None:
        super().__init__(FakeAutoScalingGroup)

    def create(self, request: Request) -> Any:
        return super().create(_with_stack_tags(request))

    def settle(self, request: Request, resource: FakeAutoScalingGroup) -> None:
        if policy := creation_policy(request.definition):
            request.signals.wait(
                policy, lambda instance_id: _is_member(resource, instance_id), _never_arrived
            )

    def update(self, request: Request, resource: FakeAutoScalingGroup, previous: Request) -> Updated:
        _change(request, resource)
        policy = request.definition.get("UpdatePolicy", {})
        if unknown := set(policy) - {"AutoScalingRollingUpdate", "AutoScalingScheduledAction"}:
            raise NotImplementedError(
                f"the rehearsal's AWS has no update policy {', '.join(sorted(unknown))}"
            )
        changed = any(request.properties.get(name) != previous.properties.get(name) for name in ROLLING)
        if changed and "AutoScalingRollingUpdate" in policy:
            _roll(request, resource, policy["AutoScalingRollingUpdate"])
        compute.fit(resource)
        return Updated(resource)


def _with_stack_tags(request: Request) -> Request:
    """CloudFormation puts its own tags on the group, and the group on its instances."""
    tags = [
        {"Key": key, "Value": value, "PropagateAtLaunch": True} for key, value in request.stack_tags.items()
    ]
    properties = request.properties
    properties["Tags"] = [*properties.get("Tags", []), *tags]
    return Request(
        stack_id=request.stack_id,
        stack_name=request.stack_name,
        logical_id=request.logical_id,
        definition={**request.definition, "Properties": properties},
        place=request.place,
        signals=request.signals,
    )


def _change(request: Request, group: FakeAutoScalingGroup) -> None:
    """The group's own properties; moto would at once terminate whatever instance comes first."""
    properties = _with_stack_tags(request).properties
    group._set_azs_and_vpcs(
        properties.get("AvailabilityZones", []), ",".join(properties["VPCZoneIdentifier"])
    )
    group._set_launch_configuration("", properties["LaunchTemplate"], None)
    group.max_size = int(properties["MaxSize"])
    group.min_size = int(properties["MinSize"])
    wanted = int(properties.get("DesiredCapacity", group.desired_capacity or 0))
    group.desired_capacity = min(max(wanted, group.min_size), group.max_size)
    group.health_check_grace_period = properties.get(
        "HealthCheckGracePeriod", group.health_check_grace_period
    )
    group.health_check_type = properties.get("HealthCheckType", "EC2")
    group.tags = properties["Tags"]


def _roll(request: Request, group: FakeAutoScalingGroup, policy: Mapping[str, Any]) -> None:
    """Replace the obsolete instances batch by batch, never below MinInstancesInService."""
    batch = int(policy.get("MaxBatchSize", 1))
    in_service = int(policy.get("MinInstancesInService", 0))
    most = int(group.max_size or 0)
    desired = int(group.desired_capacity or 0)
    if in_service >= most:
        raise NotSignalledError(
            "Autoscaling rolling update cannot be performed because "
            f"MinInstancesInService ({in_service}) is not less than the group's MaxSize ({most})"
        )
    obsolete = [each.id for each in compute.instances_of(group) if _is_obsolete(group, each)]
    if not obsolete:
        return
    timeout = policy.get("PauseTime", "PT5M")
    announce = request.signals.desk.announce
    announce(
        f"Rolling update initiated. Terminating {len(obsolete)} obsolete instance(s) in batches of {batch}, "
        f"while keeping at least {in_service} instance(s) in service. "
        f"Waiting on resource signals with a timeout of {timeout} when new instances are added to the "
        "autoscaling group."
    )
    suspended = group._suspended_processes
    group._suspended_processes = sorted({*suspended, *policy.get("SuspendProcesses", [])})
    try:
        while obsolete:
            leaving, obsolete = obsolete[:batch], obsolete[batch:]
            size = len(group.instance_states)
            first = min(max(0, in_service - (size - len(leaving))), most - size)
            if first:
                announce(
                    f"Temporarily setting autoscaling group MinSize and DesiredCapacity to {size + first}."
                )
            _add(request, group, first, policy)
            announce(
                f"Terminating instance(s) [{','.join(leaving)}]; replacing with "
                f"{max(0, min(len(leaving), desired - (size + first - len(leaving))))} new instance(s)."
            )
            compute.terminate(group, leaving)
            announce(f"Successfully terminated instance(s) [{','.join(leaving)}].")
            _add(request, group, min(len(leaving), max(0, desired - len(group.instance_states))), policy)
    finally:
        group.desired_capacity = desired
        group._suspended_processes = suspended


def _add(request: Request, group: FakeAutoScalingGroup, count: int, policy: Mapping[str, Any]) -> None:
    if not count:
        return
    before = {each.id for each in compute.instances_of(group)}
    group.desired_capacity = len(before) + count
    compute.launch(group, count)
    if not policy.get("WaitOnResourceSignals"):
        return
    wait = SignalPolicy(
        count=count,
        timeout_seconds=seconds_of(policy.get("PauseTime", "PT5M")),
        min_successful_percent=int(policy.get("MinSuccessfulInstancesPercent", 100)),
    )
    announce = request.signals.desk.announce
    announce(
        f"New instance(s) added to autoscaling group - Waiting on {count} resource signal(s) "
        f"with a timeout of {policy.get('PauseTime', 'PT5M')}."
    )

    def count_as_failures(missing: int) -> None:
        announce(
            f"Failed to receive {missing} resource signal(s) for the current batch. "
            "Each resource signal timeout is counted as a FAILURE."
        )
        raise NotSignalledError(unsatisfied(missing, wait))

    request.signals.wait(
        wait,
        lambda instance_id: instance_id not in before and _is_member(group, instance_id),
        count_as_failures,
    )


def _never_arrived(missing: int) -> None:
    raise NotSignalledError(f"Failed to receive {missing} resource signal(s) within the specified duration")


def _is_member(group: FakeAutoScalingGroup, instance_id: str) -> bool:
    return any(each.id == instance_id for each in compute.instances_of(group))


def _is_obsolete(group: FakeAutoScalingGroup, instance: Any) -> bool:
    return compute.launched_version(instance) != compute.template_version(
        group
    ) or instance.subnet_id not in (group.vpc_zone_identifier or "").split(",")
