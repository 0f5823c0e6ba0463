"""Roles and managed policies, and what a request to STS asks for."""

import json
from collections.abc import Iterable
from typing import Any

from moto.iam.models import ManagedPolicy, Role, iam_backends

from rehearsal.cloud.cloudformation.resource_type import MotoType, Request
from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.policy import Resource
from rehearsal.cloud.iam.request import EVERYTHING, Ask, Parameter

SIGNING_NAME = "sts"


class RoleType(MotoType):
    """moto ignores ManagedPolicyArns, and on an update forgets what is not in the new properties."""

    identity = ("RoleName", "Path")

    def create(self, request: Request) -> Any:
        role = super().create(request)
        _attach(request, role)
        return role

    def change(self, request: Request, resource: Role, previous: Request) -> Role:
        iam, properties = request.scope.wide(iam_backends), request.properties
        resource.assume_role_policy_document = json.dumps(properties["AssumeRolePolicyDocument"])
        for policy in previous.properties.get("Policies", []):
            resource.policies.pop(policy["PolicyName"], None)
        for policy in properties.get("Policies", []):
            resource.put_policy(policy["PolicyName"], json.dumps(policy["PolicyDocument"]))
        for arn in previous.properties.get("ManagedPolicyArns", []):
            if arn in resource.managed_policies:
                iam.detach_role_policy(arn, resource.name)
        _attach(request, resource)
        return resource

    def has_drifted(self, request: Request, resource: Role) -> bool:
        policies = {each["PolicyName"]: each["PolicyDocument"] for each in request.properties.get("Policies", [])}
        seen = {name: _document(text) for name, text in resource.policies.items() if name in policies}
        attached = set(request.properties.get("ManagedPolicyArns", [])) <= resource.managed_policies.keys()
        return seen != policies or not attached

    def delete(self, request: Request, resource: Role) -> None:
        iam = request.scope.wide(iam_backends)
        for arn in list(resource.managed_policies):
            iam.detach_role_policy(arn, resource.name)
        # CloudFormation takes away the inline policies it gave the role.
        for policy in request.properties.get("Policies", []):
            resource.policies.pop(policy["PolicyName"], None)
        iam.delete_role(resource.name)


def _document(policy: Any) -> Any:
    """moto keeps some as text."""
    return json.loads(policy) if isinstance(policy, str) else policy


def _attach(request: Request, role: Role) -> None:
    for arn in request.properties.get("ManagedPolicyArns", []):
        request.scope.wide(iam_backends).attach_role_policy(arn, role.name)


class ManagedPolicyType(MotoType):
    """moto has no deletion of this type."""

    def delete(self, request: Request, resource: ManagedPolicy) -> None:
        request.scope.wide(iam_backends).delete_policy(resource.arn)


def asks(_scope: Scope, operation: str, parameter: Parameter) -> Iterable[Ask]:
    role = [Resource(str(parameter("RoleArn")))]
    yield Ask(f"sts:{operation}", role if operation == "AssumeRole" else EVERYTHING)


TYPES = {"AWS::IAM::ManagedPolicy": ManagedPolicyType(), "AWS::IAM::Role": RoleType()}
