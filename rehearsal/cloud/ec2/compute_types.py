"""Launch templates and Elastic IPs, where moto's CloudFormation is not true enough."""

from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_ip_addresses import ElasticAddress
from moto.ec2.models.launch_templates import LaunchTemplate

from rehearsal.cloud.cloudformation.resource_type import MotoType, Request, Updated


class LaunchTemplateType(MotoType):
    def __init__(self) -> None:
        super().__init__(LaunchTemplate)

    def restore(self, request: Request, resource: LaunchTemplate, failed: Request) -> Updated:  # noqa: ARG002
        # The version of the failed update goes, so that the group's version is what it was.
        resource.versions.pop()
        return Updated(resource)


class AddressType(MotoType):
    def __init__(self) -> None:
        super().__init__(ElasticAddress)

    def create(self, request: Request) -> Any:
        address = super().create(request)
        address.add_tags({tag["Key"]: tag["Value"] for tag in request.properties.get("Tags", [])})
        address.add_tags(request.stack_tags)
        return address

    def update(self, request: Request, resource: ElasticAddress, previous: Request) -> Updated:
        if request.properties.get("Domain") != previous.properties.get("Domain"):
            return super().update(request, resource, previous)
        resource.add_tags({tag["Key"]: tag["Value"] for tag in request.properties.get("Tags", [])})
        return Updated(resource)

    def delete(self, request: Request, resource: ElasticAddress) -> None:
        ec2_backends[request.place.account][request.place.region].release_address(
            allocation_id=resource.allocation_id
        )
