"""What a request to EC2 asks for."""

from collections.abc import Iterable

from moto.ec2.models import ec2_backends

from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.policy import Resource
from rehearsal.cloud.iam.request import EVERYTHING, UNKNOWN, Ask, Parameter, tag_context

SIGNING_NAME = "ec2"


def asks(scope: Scope, operation: str, parameter: Parameter) -> Iterable[Ask]:
    yield Ask(f"ec2:{operation}", _resources(scope, operation, parameter))


def instance(scope: Scope, instance_id: str) -> Resource:
    found = scope.regional(ec2_backends).get_instance_by_id(instance_id)
    tags = found.get_tags() if found else []
    return Resource(
        scope.arn("ec2", f"instance/{instance_id}"), {**tag_context("ec2", tags), **tag_context("ssm", tags)}
    )


def _resources(scope: Scope, operation: str, parameter: Parameter) -> Iterable[Resource]:
    if operation.startswith("Describe"):
        return EVERYTHING
    if operation == "AssociateAddress":
        return _of_association(scope, parameter)
    if operation in ("TerminateInstances", "StopInstances", "StartInstances", "RebootInstances"):
        return [instance(scope, each) for each in parameter("InstanceIds") or parameter("InstanceId") or []]
    return UNKNOWN


def _of_association(scope: Scope, parameter: Parameter) -> list[Resource]:
    """The address, the instance, and the interface; the instance's primary one if none is named."""
    ec2 = scope.regional(ec2_backends)
    instance_ids = [parameter("InstanceId")] if parameter("InstanceId") else []
    primary = [each.nics[0].id for each in ec2.all_instances() if each.id in instance_ids]
    named = parameter("NetworkInterfaceId")
    addresses = [
        Resource(scope.arn("ec2", f"elastic-ip/{eip.allocation_id}"), tag_context("ec2", eip.get_tags()))
        for eip in ec2.addresses
        if eip.allocation_id == parameter("AllocationId")
    ]
    return [
        *addresses,
        *(instance(scope, each) for each in instance_ids),
        *(Resource(scope.arn("ec2", f"network-interface/{each}")) for each in ([named] if named else primary)),
    ]
