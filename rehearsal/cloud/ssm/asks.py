"""What a request to Systems Manager asks for: parameters, documents, and the instances of a command."""

from collections.abc import Iterable

from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.ec2.asks import instance
from rehearsal.cloud.iam.policy import Context, Resource
from rehearsal.cloud.iam.request import EVERYTHING, UNKNOWN, Ask, Parameter, tag_context

SIGNING_NAME = "ssm"

FLAGS = {"PutParameter": "Overwrite", "GetParametersByPath": "Recursive"}


def asks(scope: Scope, operation: str, parameter: Parameter) -> Iterable[Ask]:
    context: Context = {}
    if flag := FLAGS.get(operation):
        context = {f"ssm:{flag.lower()}": (str(bool(parameter(flag))).lower(),)}
    yield Ask(f"ssm:{operation}", _resources(scope, operation, parameter), context)


def _resources(scope: Scope, operation: str, parameter: Parameter) -> Iterable[Resource]:
    names = {
        "GetParameters": parameter("Names"),
        "DeleteParameters": parameter("Names"),
        "GetParametersByPath": [parameter("Path")],
    }.get(operation, [parameter("Name")])
    if "Parameter" in operation and operation != "DescribeParameters":
        return [Resource(scope.arn("ssm", f"parameter/{str(name).lstrip('/')}")) for name in names or []]
    if operation == "SendCommand":
        return [_document(scope, str(parameter("DocumentName"))), *_targets(scope, parameter)]
    return EVERYTHING if operation.startswith(("Describe", "List", "GetCommandInvocation")) else UNKNOWN


def _document(scope: Scope, name: str) -> Resource:
    if name.startswith("arn:"):
        return Resource(name)
    owner = "" if name.startswith("AWS-") else scope.account
    return Resource(f"arn:aws:ssm:{scope.region}:{owner}:document/{name}")


def _targets(scope: Scope, parameter: Parameter) -> Iterable[Resource]:
    """Instances; for targets by tag any instance, with the tags that the request names.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command-setting-up.html
    """
    yield from (instance(scope, each) for each in parameter("InstanceIds") or [])
    any_instance = scope.arn("ec2", "instance/*")
    for target in parameter("Targets") or []:
        key, values = str(target["Key"]), target["Values"]
        if key.startswith("tag:"):
            for value in values:
                tag = {"key": key.removeprefix("tag:"), "value": value}
                yield Resource(any_instance, tag_context("ssm", [tag]))
        elif key == "InstanceIds":
            yield from (instance(scope, each) for each in values)
        else:
            yield Resource(any_instance)
