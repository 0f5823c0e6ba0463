"""What a request to CloudFormation asks for."""

from collections.abc import Iterable

from moto.cloudformation.models import cloudformation_backends

from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.policy import Resource
from rehearsal.cloud.iam.request import EVERYTHING, Ask, Parameter

SIGNING_NAME = "cloudformation"


def asks(scope: Scope, operation: str, parameter: Parameter) -> Iterable[Ask]:
    name = parameter("StackName")
    yield Ask(f"cloudformation:{operation}", [_stack(scope, str(name))] if name else EVERYTHING)


def _stack(scope: Scope, name: str) -> Resource:
    if name.startswith("arn:"):
        return Resource(name)
    stacks = scope.regional(cloudformation_backends).stacks.values()
    known = next((stack.stack_id for stack in stacks if stack.name == name), None)
    return Resource(known or scope.arn("cloudformation", f"stack/{name}/*"))
