"""The Auto Scaling group of a registry's hosts: which hosts serve, and replacing one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambdas.see.run_command import HOST_TAG

if TYPE_CHECKING:
    from mypy_boto3_autoscaling import AutoScalingClient


@dataclass(frozen=True, slots=True)
class Hosts:
    in_service: tuple[str, ...] = ()
    changing: tuple[str, ...] = ()
    """On their way in or out: a replacement is under way."""


def find_hosts(autoscaling: "AutoScalingClient", domain_name: str) -> Hosts:
    groups = autoscaling.describe_auto_scaling_groups(
        Filters=[{"Name": f"tag:{HOST_TAG}", "Values": [domain_name]}]
    )["AutoScalingGroups"]
    instances = [instance for group in groups for instance in group["Instances"]]

    def serves(lifecycle: str, health: str) -> bool:
        return lifecycle == "InService" and health.lower() == "healthy"

    states = {each["InstanceId"]: serves(each["LifecycleState"], each["HealthStatus"]) for each in instances}
    return Hosts(
        tuple(instance_id for instance_id, serving in states.items() if serving),
        tuple(instance_id for instance_id, serving in states.items() if not serving),
    )


def replace_host(autoscaling: "AutoScalingClient", instance_id: str) -> None:
    autoscaling.set_instance_health(
        InstanceId=instance_id, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False
    )
