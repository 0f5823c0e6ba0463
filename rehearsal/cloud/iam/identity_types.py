"""Roles and managed policies, where moto's CloudFormation is not true enough."""

import json
from typing import Any

from moto.iam.models import IAMBackend, ManagedPolicy, Role, iam_backends
from moto.utilities.utils import get_partition

from rehearsal.cloud.cloudformation.resource_type import MotoType, Request, Updated


def iam_of(request: Request) -> IAMBackend:
    return iam_backends[request.place.account][get_partition(request.place.region)]


class RoleType(MotoType):
    """moto ignores ManagedPolicyArns, and on an update forgets what is not in the new properties."""

    def __init__(self) -> None:
        super().__init__(Role)

    def create(self, request: Request) -> Any:
        role = super().create(request)
        _attach(request, role)
        return role

    def update(self, request: Request, resource: Role, previous: Request) -> Updated:
        if any(
            request.properties.get(name) != previous.properties.get(name) for name in ("RoleName", "Path")
        ):
            return Updated(self.create(request), replaced=True)
        properties = request.properties
        resource.assume_role_policy_document = json.dumps(properties["AssumeRolePolicyDocument"])
        for policy in previous.properties.get("Policies", []):
            resource.policies.pop(policy["PolicyName"], None)
        for policy in properties.get("Policies", []):
            resource.put_policy(policy["PolicyName"], json.dumps(policy["PolicyDocument"]))
        for arn in previous.properties.get("ManagedPolicyArns", []):
            if arn in resource.managed_policies:
                iam_of(request).detach_role_policy(arn, resource.name)
        _attach(request, resource)
        return Updated(resource)

    def delete(self, request: Request, resource: Role) -> None:
        for arn in list(resource.managed_policies):
            iam_of(request).detach_role_policy(arn, resource.name)
        # CloudFormation takes away the inline policies it gave the role.
        for policy in request.properties.get("Policies", []):
            resource.policies.pop(policy["PolicyName"], None)
        iam_of(request).delete_role(resource.name)


def _attach(request: Request, role: Role) -> None:
    for arn in request.properties.get("ManagedPolicyArns", []):
        iam_of(request).attach_role_policy(arn, role.name)


class ManagedPolicyType(MotoType):
    def __init__(self) -> None:
        super().__init__(ManagedPolicy)

    def delete(self, request: Request, resource: ManagedPolicy) -> None:
        iam_of(request).delete_policy(resource.arn)
