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
    groups = autoscaling.describe_auto_scaling_groups(Filters=[{"Name": f"tag:{HOST_TAG}", "Values": [domain_name]}])[
        "AutoScalingGroups"
    ]
    in_service: list[str] = []
    changing: list[str] = []
    for instance in (instance for group in groups for instance in group["Instances"]):
        serves = instance["LifecycleState"] == "InService" and instance["HealthStatus"].lower() == "healthy"
        (in_service if serves else changing).append(instance["InstanceId"])
    return Hosts(tuple(in_service), tuple(changing))


def replace_host(autoscaling: "AutoScalingClient", instance_id: str) -> None:
    autoscaling.set_instance_health(InstanceId=instance_id, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False)
