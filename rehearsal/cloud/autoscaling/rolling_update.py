"""The rolling update of an Auto Scaling group: new instances have to signal before old ones go.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html
"""

from collections.abc import Mapping
from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup

from rehearsal.cloud.autoscaling import groups
from rehearsal.cloud.cloudformation.resource_type import Request
from rehearsal.cloud.cloudformation.signals import NotSignalledError, SignalPolicy, seconds_of, unsatisfied

# A rolling update happens when one of these changes.
ROLLING = ("LaunchTemplate", "LaunchConfigurationName", "VPCZoneIdentifier", "MixedInstancesPolicy")


def roll(request: Request, group: FakeAutoScalingGroup, policy: Mapping[str, Any]) -> None:
    """Replace the obsolete instances batch by batch, never below MinInstancesInService.

    The processes that the policy suspends are resumed at the end of a roll that succeeds. AWS promises nothing for one
    that fails: here they stay suspended until the next roll succeeds, that of the roll-back or of a later update.
    """
    batch = int(policy.get("MaxBatchSize", 1))
    in_service = int(policy.get("MinInstancesInService", 0))
    most = int(group.max_size or 0)
    desired = int(group.desired_capacity or 0)
    if in_service >= most:
        raise NotSignalledError(
            "Autoscaling rolling update cannot be performed because "
            f"MinInstancesInService ({in_service}) is not less than the group's MaxSize ({most})"
        )
    obsolete = [each.id for each in groups.instances_of(group) if _is_obsolete(group, each)]
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
    suspended = set(policy.get("SuspendProcesses", []))
    group._suspended_processes = sorted(suspended.union(group._suspended_processes))
    try:
        while obsolete:
            leaving, obsolete = obsolete[:batch], obsolete[batch:]
            size = len(group.instance_states)
            first = min(max(0, in_service - (size - len(leaving))), most - size)
            if first:
                announce(f"Temporarily setting autoscaling group MinSize and DesiredCapacity to {size + first}.")
            _add(request, group, first, policy)
            announce(
                f"Terminating instance(s) [{','.join(leaving)}]; replacing with "
                f"{max(0, min(len(leaving), desired - (size + first - len(leaving))))} new instance(s)."
            )
            groups.terminate(group, leaving)
            announce(f"Successfully terminated instance(s) [{','.join(leaving)}].")
            _add(request, group, min(len(leaving), max(0, desired - len(group.instance_states))), policy)
    finally:
        group.desired_capacity = desired
    group._suspended_processes = sorted(set(group._suspended_processes) - suspended)


def _add(request: Request, group: FakeAutoScalingGroup, count: int, policy: Mapping[str, Any]) -> None:
    if not count:
        return
    before = {each.id for each in groups.instances_of(group)}
    group.desired_capacity = len(before) + count
    groups.launch(group, count)
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

    def count_as_failures(missing: int) -> NotSignalledError:
        announce(
            f"Failed to receive {missing} resource signal(s) for the current batch. "
            "Each resource signal timeout is counted as a FAILURE."
        )
        return NotSignalledError(unsatisfied(missing, wait))

    request.signals.wait(
        wait, lambda instance_id: instance_id not in before and is_member(group, instance_id), count_as_failures
    )


def is_member(group: FakeAutoScalingGroup, instance_id: str) -> bool:
    return any(each.id == instance_id for each in groups.instances_of(group))


def _is_obsolete(group: FakeAutoScalingGroup, instance: Any) -> bool:
    tags = {tag["key"]: tag["value"] for tag in instance.get_tags()}
    version = groups.template_version_of(group)
    wanted = (version.template.id, str(version.number))
    subnets = (group.vpc_zone_identifier or "").split(",")
    has = (tags.get("aws:ec2launchtemplate:id"), tags.get("aws:ec2launchtemplate:version"))
    return has != wanted or instance.subnet_id not in subnets
