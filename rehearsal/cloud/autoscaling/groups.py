"""Auto Scaling groups launch, terminate and replace their instances, as their launch templates say."""

import base64
from typing import Any

from moto.autoscaling.models import ASG_NAME_TAG, FakeAutoScalingGroup, InstanceState
from moto.ec2.models import EC2Backend
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.instances import Instance
from moto.ssm.models import ssm_backends

from rehearsal.cloud.ec2 import offers

# EC2 user guide, "Run commands when you launch an EC2 instance with user data input".
USER_DATA_LIMIT_BYTES = 16 * 1024


class LaunchError(Exception):
    """EC2 refuses to launch."""


def template_version_of(group: FakeAutoScalingGroup) -> Any:
    if group.ec2_launch_template is None:
        raise LaunchError(f"{group.name} has no launch template: the rehearsal's AWS launches from nothing else")
    return group.ec2_launch_template.get_version(group.launch_template_version)


def launch_one(group: FakeAutoScalingGroup) -> Instance:
    version = template_version_of(group)
    data = version.data
    ec2: EC2Backend = group.ec2_backend
    image_id = _image(data["ImageId"], group)
    instance_type = data["InstanceType"]
    _check_architecture(ec2, image_id, instance_type)
    key_name = data.get("KeyName")
    if key_name and key_name not in ec2.key_pairs:
        raise LaunchError(f"The key pair '{key_name}' does not exist")
    user_data = version.user_data
    if user_data and len(base64.b64decode(str(user_data))) > USER_DATA_LIMIT_BYTES:
        raise LaunchError("User data is limited to 16384 bytes")
    tags = {**group.get_propagated_tags(), **version.instance_tags, ASG_NAME_TAG: group.name}
    interface: dict[str, Any] = next(iter(data.get("NetworkInterfaces", [])), {})
    reservation = ec2.run_instances(
        image_id,
        1,
        user_data,
        [],
        security_group_ids=[*data.get("SecurityGroupIds", []), *interface.get("Groups", [])],
        instance_type=instance_type,
        key_name=key_name,
        tags={"instance": tags},
        launch_template={"LaunchTemplateId": version.template.id, "Version": str(version.number)},
        is_instance_type_default=False,
        subnet_id=_subnet(group, instance_type),
        associate_public_ip=None,
        metadata_options=data.get("MetadataOptions", {}),
        region_name=group.region,
    )
    instance: Instance = reservation.instances[0]
    if profile := data.get("IamInstanceProfile"):
        ec2.associate_iam_instance_profile(
            instance.id, iam_instance_profile_name=profile.get("Name"), iam_instance_profile_arn=profile.get("Arn")
        )
        association = ec2.iam_instance_profile_associations[instance.id]
        instance.iam_instance_profile = {
            "Arn": association.iam_instance_profile.arn,
            "Id": association.iam_instance_profile.id,
        }
    instance.autoscaling_group = group  # type: ignore[attr-defined]
    group.instance_states.append(
        InstanceState(instance, protected_from_scale_in=group.new_instances_protected_from_scale_in)
    )
    return instance


def _subnet(group: FakeAutoScalingGroup, instance_type: str) -> str:
    """The one with the fewest instances first; if EC2 refuses there, the group tries the next zone.
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html#arch-AutoScalingMultiAZ
    """
    used = [state.instance.subnet_id for state in group.instance_states]
    offering = offers.zones_with(group.region, instance_type)
    wanted = sorted((group.vpc_zone_identifier or "").split(","), key=used.count)
    zones = {each: group.ec2_backend.get_subnet(each).availability_zone for each in wanted}
    if found := next((each for each in wanted if zones[each] in offering), None):
        return found
    raise LaunchError(
        f"Your requested instance type ({instance_type}) is not supported in your requested Availability Zone"
        f" ({zones[wanted[-1]]}). Please retry your request by not specifying an Availability Zone"
        f" or choosing {', '.join(offering)}."
    )


def _image(image: str, group: FakeAutoScalingGroup) -> str:
    """EC2 resolves resolve:ssm:NAME at each launch."""
    if not image.startswith("resolve:ssm:"):
        return image
    name = image.removeprefix("resolve:ssm:")
    parameter = ssm_backends[group.account_id][group.region].get_parameter(name)
    if parameter is None:
        raise LaunchError(f"The parameter {name} in the launch template's ImageId does not exist")
    return str(parameter.value)


def _check_architecture(ec2: EC2Backend, image_id: str, instance_type: str) -> None:
    if instance_type not in INSTANCE_TYPES:
        raise LaunchError(f"Invalid instance type: {instance_type}")
    if image_id not in ec2.amis:
        raise LaunchError(f"The image id '[{image_id}]' does not exist")
    wanted = ec2.amis[image_id].architecture
    offered = INSTANCE_TYPES[instance_type]["ProcessorInfo"]["SupportedArchitectures"]
    if wanted not in offered:
        raise LaunchError(
            f"The architecture '{','.join(offered)}' of the specified instance type does not match "
            f"the architecture '{wanted}' of the specified AMI"
        )


def instances_of(group: FakeAutoScalingGroup) -> list[Instance]:
    return [state.instance for state in group.instance_states]


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


def fail_check(group: FakeAutoScalingGroup, instance_id: str, check: str) -> None:
    """Replaces the instance if the group looks at that health check. The one of EC2 cannot be turned off.
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/health-checks-overview.html
    """
    if check in ("EC2", *str(group.health_check_type).split(",")):
        for state in group.instance_states:
            if state.instance.id == instance_id:
                state.health_status = "Unhealthy"
        heal(group)


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
