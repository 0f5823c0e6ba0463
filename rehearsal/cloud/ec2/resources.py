"""Launch templates, Elastic IPs, the removal of a network, and what a request to EC2 asks for."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any

from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.elastic_ip_addresses import ElasticAddress
from moto.ec2.models.launch_templates import LaunchTemplate
from moto.ec2.models.vpcs import VPCEndPoint

from rehearsal.cloud.cloudformation.resource_type import MotoType, Request, ResourceType, Settled, Updated
from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.policy import Resource
from rehearsal.cloud.iam.request import EVERYTHING, UNKNOWN, Ask, Parameter, tag_context

SIGNING_NAME = "ec2"


class UndoneTemplate(StrEnum):
    """What a roll-back makes of a launch template that was changed in place. No documentation says which; no roll-back
    deletes a version."""

    KEEPS_THE_FAILED_VERSION = "the failed version stays the newest"
    HAS_ONE_MORE_VERSION = "one more version has the content of before"


class LaunchTemplateType(MotoType):
    """moto undoes an update in one of two possible ways."""

    undone = UndoneTemplate.KEEPS_THE_FAILED_VERSION

    def restore(self, request: Request, resource: LaunchTemplate, failed: Request) -> Updated:
        if self.undone == UndoneTemplate.KEEPS_THE_FAILED_VERSION:
            return Updated(resource)
        return super().restore(request, resource, failed)


class AddressType(MotoType):
    """moto gives an address no tags, and cannot release one by its allocation."""

    identity = ("Domain",)

    def create(self, request: Request) -> Any:
        address = self.change(request, super().create(request), request)
        address.add_tags(request.stack_tags)
        return address

    def change(self, request: Request, resource: ElasticAddress, previous: Request) -> ElasticAddress:  # noqa: ARG002
        resource.add_tags({tag["Key"]: tag["Value"] for tag in request.properties.get("Tags", [])})
        return resource

    def delete(self, request: Request, resource: ElasticAddress) -> None:
        request.scope.regional(ec2_backends).release_address(allocation_id=resource.allocation_id)


class SubnetType(MotoType):
    """moto forgets whether its instances get a public address."""

    def create(self, request: Request) -> Any:
        subnet = super().create(request)
        subnet.map_public_ip_on_launch = str(request.properties.get("MapPublicIpOnLaunch")).lower() == "true"
        return subnet


class NetworkType(MotoType):
    """moto makes these from a template and cannot take them away again."""

    def __init__(self, remove: Callable[[EC2Backend, dict[str, Any], Any], object]) -> None:
        """``remove`` gets EC2, the properties and the resource."""
        self._remove = remove

    def delete(self, request: Request, resource: Any) -> None:
        self._remove(request.scope.regional(ec2_backends), request.properties, resource)


class AddressBlockType(ResourceType):
    """moto has no type of this name."""

    identity = ("CidrBlock", "VpcId")

    def create(self, request: Request) -> Settled:
        given = request.properties
        ec2 = request.scope.regional(ec2_backends)
        return Settled(ec2.associate_vpc_cidr_block(given["VpcId"], given["CidrBlock"], False)["association_id"])

    def change(self, request: Request, resource: Settled, previous: Request) -> Settled:  # noqa: ARG002
        return resource

    def delete(self, request: Request, resource: Settled) -> None:
        vpc = request.scope.regional(ec2_backends).get_vpc(request.properties["VpcId"])
        vpc.disassociate_vpc_cidr_block(resource.physical_resource_id)


class EndpointType(NetworkType):
    """moto would make a new one for a route table more."""

    identity = ("ServiceName", "VpcId", "VpcEndpointType")

    def change(self, request: Request, resource: VPCEndPoint, previous: Request) -> VPCEndPoint:  # noqa: ARG002
        resource.route_table_ids = list(request.properties["RouteTableIds"])
        return resource


def _remove_endpoint(ec2: EC2Backend, _properties: dict[str, Any], endpoint: Any) -> None:
    # moto keeps it as "deleted" in the list; EC2 forgets it.
    ec2.delete_vpc_endpoints([endpoint.id])
    ec2.vpc_end_points.pop(endpoint.id, None)


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


TYPES = {
    "AWS::EC2::EIP": AddressType(),
    "AWS::EC2::InternetGateway": NetworkType(lambda ec2, _, gateway: ec2.delete_internet_gateway(gateway.id)),
    "AWS::EC2::LaunchTemplate": LaunchTemplateType(),
    "AWS::EC2::Route": NetworkType(
        lambda ec2, given, _: ec2.delete_route(given["RouteTableId"], given["DestinationCidrBlock"], None)
    ),
    "AWS::EC2::RouteTable": NetworkType(lambda ec2, _, table: ec2.delete_route_table(table.id)),
    "AWS::EC2::Subnet": SubnetType(),
    "AWS::EC2::SubnetRouteTableAssociation": NetworkType(
        lambda ec2, _, made: ec2.subnet_associations.pop(f"{made.route_table_id}:{made.subnet_id}")
    ),
    "AWS::EC2::VPCCidrBlock": AddressBlockType(),
    "AWS::EC2::VPCEndpoint": EndpointType(_remove_endpoint),
    "AWS::EC2::VPCGatewayAttachment": NetworkType(
        lambda ec2, given, _: ec2.detach_internet_gateway(given["InternetGatewayId"], given["VpcId"])
    ),
}
