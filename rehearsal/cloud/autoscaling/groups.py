"""Auto Scaling groups launch, terminate and replace their instances."""

from moto.autoscaling.models import FakeAutoScalingGroup
from moto.ec2.models.instances import Instance

from rehearsal.cloud.autoscaling.launch import launch_one, template_version_of

VERSION_TAG = "aws:ec2launchtemplate:version"


def instances_of(group: FakeAutoScalingGroup) -> list[Instance]:
    return [state.instance for state in group.instance_states]


def template_version(group: FakeAutoScalingGroup) -> str:
    """The number of the launch template version the group launches now."""
    return str(template_version_of(group).number)


def launched_version(instance: Instance) -> str:
    return next((tag["value"] for tag in instance.get_tags() if tag["key"] == VERSION_TAG), "")


def launch(group: FakeAutoScalingGroup, count: int) -> list[Instance]:
    """Launch count instances; LaunchError when EC2 would refuse."""
    return [launch_one(group) for _ in range(count)]


def terminate(group: FakeAutoScalingGroup, instance_ids: list[str]) -> None:
    """Terminate instances of the group, with no replacement."""
    group.instance_states = [state for state in group.instance_states if state.instance.id not in instance_ids]
    if instance_ids:
        group.ec2_backend.terminate_instances(instance_ids)


def fit(group: FakeAutoScalingGroup) -> None:
    """Make the group as large as it is to be, the oldest instances leaving first."""
    surplus = len(group.instance_states) - int(group.desired_capacity or 0)
    terminate(group, [each.id for each in instances_of(group)[: max(0, surplus)]])
    launch(group, max(0, -surplus))


def heal(group: FakeAutoScalingGroup) -> None:
    """Drop what no longer runs or is unhealthy, and launch what is missing."""
    suspended = {process["ProcessName"] for process in group.suspended_processes}
    if "ReplaceUnhealthy" not in suspended:
        sick = [
            state.instance.id
            for state in group.instance_states
            if state.health_status == "Unhealthy" and state.instance.state == "running"
        ]
        terminate(group, sick)
    group.instance_states = [state for state in group.instance_states if state.instance.state == "running"]
    if "Launch" not in suspended:
        launch(group, max(0, int(group.desired_capacity or 0) - len(group.instance_states)))
