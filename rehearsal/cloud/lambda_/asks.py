"""What a request to Lambda asks for."""

from collections.abc import Iterable

from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.policy import Resource
from rehearsal.cloud.iam.request import EVERYTHING, Ask, Parameter

SIGNING_NAME = "lambda"

# Where IAM's name of an action is not the API's.
ACTIONS = {"Invoke": "InvokeFunction"}


def asks(scope: Scope, operation: str, parameter: Parameter) -> Iterable[Ask]:
    name = parameter("FunctionName")
    action = f"lambda:{ACTIONS.get(operation, operation)}"
    if not name:
        yield Ask(action, EVERYTHING)
    else:
        yield Ask(action, [Resource(name if name.startswith("arn:") else scope.arn("lambda", f"function:{name}"))])
