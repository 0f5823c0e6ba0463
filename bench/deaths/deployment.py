"""A host is replaced by `cdk deploy` of another setting. The settings of the deployment before stay."""

import time

from rehearsal.contract import product
from rehearsal.contract.world_state import Host
from rehearsal.faults.bucket import instance_of
from rehearsal.faults.fault import FaultError, Target
from rehearsal.outside.world import World

RESOLVED = "resolve:ssm:"


def change_user_data(world: World, dying: Host) -> None:
    _deploy(Target(world, dying), product.another_user_data(int(time.time())))


def change_machine_image(world: World, dying: Host) -> None:
    """To one that was made of the host. Raises FaultError: the new host has another."""
    name = f"own-{int(time.time())}"
    image = world.aws("ec2").create_image(InstanceId=dying.id, Name=name)["ImageId"]
    world.aws("ssm").put_parameter(Name=f"/{name}", Value=image, Type="String", DataType="aws:ec2:image")
    _deploy(Target(world, dying), product.machine_image(f"/{name}"))
    if (found := instance_of(Target.newest(world))["ImageId"]) != image:
        raise FaultError(f"expected a host of {image}, saw {found}")


def _deploy(target: Target, changed: dict[str, str]) -> None:
    instance = instance_of(target)
    tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
    (template,) = target.world.aws("ec2").describe_launch_template_versions(
        LaunchTemplateId=tags["aws:ec2launchtemplate:id"], Versions=[tags["aws:ec2launchtemplate:version"]]
    )["LaunchTemplateVersions"]
    parameter = template["LaunchTemplateData"]["ImageId"].removeprefix(RESOLVED)
    kept = product.user_data(target.setting(product.ACME_EMAIL)) | product.machine_image(parameter)
    target.world.cdk(lambda _: None).deploy(**kept | changed)
