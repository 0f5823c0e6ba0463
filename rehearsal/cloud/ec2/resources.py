"""Launch templates, Elastic IPs, and the removal of a network."""

from collections.abc import Callable
from typing import Any

from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.elastic_ip_addresses import ElasticAddress
from moto.ec2.models.launch_templates import LaunchTemplate

from rehearsal.cloud.cloudformation.resource_type import MotoType, Request, Updated


class LaunchTemplateType(MotoType):
    """moto would make one more version to undo an update."""

    def restore(self, request: Request, resource: LaunchTemplate, failed: Request) -> Updated:  # noqa: ARG002
        # The version of the failed update goes, so that the group's version is what it was.
        resource.versions.pop()
        return Updated(resource)


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


class NetworkType(MotoType):
    """moto makes these from a template and cannot take them away again."""

    def __init__(self, remove: Callable[[EC2Backend, dict[str, Any], Any], object]) -> None:
        """``remove`` gets EC2, the properties and the resource."""
        self._remove = remove

    def delete(self, request: Request, resource: Any) -> None:
        self._remove(request.scope.regional(ec2_backends), request.properties, resource)


def _remove_endpoint(ec2: EC2Backend, _properties: dict[str, Any], endpoint: Any) -> None:
    # moto keeps it as "deleted" in the list; EC2 forgets it.
    ec2.delete_vpc_endpoints([endpoint.id])
    ec2.vpc_end_points.pop(endpoint.id, None)


TYPES = {
    "AWS::EC2::EIP": AddressType(),
    "AWS::EC2::InternetGateway": NetworkType(lambda ec2, _, gateway: ec2.delete_internet_gateway(gateway.id)),
    "AWS::EC2::LaunchTemplate": LaunchTemplateType(),
    "AWS::EC2::Route": NetworkType(
        lambda ec2, given, _: ec2.delete_route(given["RouteTableId"], given["DestinationCidrBlock"], None)
    ),
    "AWS::EC2::RouteTable": NetworkType(lambda ec2, _, table: ec2.delete_route_table(table.id)),
    "AWS::EC2::SubnetRouteTableAssociation": NetworkType(
        lambda ec2, _, made: ec2.subnet_associations.pop(f"{made.route_table_id}:{made.subnet_id}")
    ),
    "AWS::EC2::VPCEndpoint": NetworkType(_remove_endpoint),
    "AWS::EC2::VPCGatewayAttachment": NetworkType(
        lambda ec2, given, _: ec2.detach_internet_gateway(given["InternetGatewayId"], given["VpcId"])
    ),
}
