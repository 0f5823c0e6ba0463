"""Removing the network: moto makes these from a template and cannot take them away again."""

from collections.abc import Callable
from typing import Any

from moto.ec2.models import EC2Backend, ec2_backends

from rehearsal.cloud.cloudformation.resource_type import MotoType, Request, moto_type


class RemovableType(MotoType):
    def __init__(self, name: str, remove: Callable[[EC2Backend, Request, Any], None]) -> None:
        found = moto_type(name)
        if found is None:
            raise RuntimeError(f"moto no longer models {name}")
        super().__init__(found.model)
        self._remove = remove

    def delete(self, request: Request, resource: Any) -> None:
        self._remove(ec2_backends[request.place.account][request.place.region], request, resource)


def _internet_gateway(ec2: EC2Backend, request: Request, gateway: Any) -> None:  # noqa: ARG001
    ec2.delete_internet_gateway(gateway.id)


def _gateway_attachment(ec2: EC2Backend, request: Request, attachment: Any) -> None:  # noqa: ARG001
    ec2.detach_internet_gateway(request.properties["InternetGatewayId"], request.properties["VpcId"])


def _route(ec2: EC2Backend, request: Request, route: Any) -> None:  # noqa: ARG001
    ec2.delete_route(request.properties["RouteTableId"], request.properties["DestinationCidrBlock"], None)


def _route_table(ec2: EC2Backend, request: Request, table: Any) -> None:  # noqa: ARG001
    ec2.delete_route_table(table.id)


def _table_association(ec2: EC2Backend, request: Request, association: Any) -> None:  # noqa: ARG001
    ec2.subnet_associations.pop(f"{association.route_table_id}:{association.subnet_id}")


def _endpoint(ec2: EC2Backend, request: Request, endpoint: Any) -> None:  # noqa: ARG001
    # moto keeps it as "deleted" in the list; EC2 forgets it.
    ec2.delete_vpc_endpoints([endpoint.id])
    ec2.vpc_end_points.pop(endpoint.id, None)


def network_types() -> dict[str, MotoType]:
    removals = {
        "AWS::EC2::InternetGateway": _internet_gateway,
        "AWS::EC2::VPCGatewayAttachment": _gateway_attachment,
        "AWS::EC2::Route": _route,
        "AWS::EC2::RouteTable": _route_table,
        "AWS::EC2::SubnetRouteTableAssociation": _table_association,
        "AWS::EC2::VPCEndpoint": _endpoint,
    }
    return {name: RemovableType(name, remove) for name, remove in removals.items()}
