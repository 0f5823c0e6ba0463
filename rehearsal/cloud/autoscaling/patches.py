"""What Auto Scaling does otherwise than moto."""

from typing import Any

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup

from rehearsal.cloud.autoscaling import groups
from rehearsal.cloud.core.patches import Patches
from rehearsal.cloud.core.regions import Regions


def patch(patches: Patches, _regions: Regions) -> None:
    @patches.replace(
        FakeAutoScalingGroup,
        because="AWS launches what the template version says, balanced over the subnets (Auto Scaling user guide); "
        "moto takes the default version and the first subnet, and no profile, metadata options or image alias",
    )
    def replace_autoscaling_group_instances(
        self: FakeAutoScalingGroup,
        count_needed: int,
        propagated_tags: dict[str, str],  # noqa: ARG001
    ) -> None:
        groups.launch(self, count_needed)

    @patches.replace(
        AutoScalingBackend,
        because="AWS replaces no terminated instance while the group's processes are suspended; moto does",
    )
    def notify_terminate_instances(self: AutoScalingBackend, instance_ids: list[str]) -> None:
        for group in self.autoscaling_groups.values():
            if any(state.instance.id in instance_ids for state in group.instance_states):
                groups.heal(group)

    @patches.wrap(
        AutoScalingBackend,
        because="AWS replaces an instance marked Unhealthy (SetInstanceHealth); moto only notes it down",
    )
    def set_instance_health(original: Any, self: AutoScalingBackend, instance_id: str, health_status: str) -> None:
        original(self, instance_id, health_status)
        for group in self.autoscaling_groups.values():
            groups.heal(group)

    @patches.wrap(AutoScalingBackend, because="AWS then replaces the instances that became unhealthy meanwhile")
    def resume_processes(
        original: Any, self: AutoScalingBackend, group_name: str, scaling_processes: list[str]
    ) -> None:
        original(self, group_name, scaling_processes)
        groups.heal(self.autoscaling_groups[group_name])

    @patches.replace(
        AutoScalingBackend,
        because="moto launches the replacement first, and loses the group's tag of the terminated instance",
    )
    def terminate_instance(*_: Any) -> None:
        raise NotImplementedError("the rehearsal's AWS has no TerminateInstanceInAutoScalingGroup yet")
