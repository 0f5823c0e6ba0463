"""Lambda functions, the retries of their asynchronous invocations, and what a request asks for."""

import base64
from collections.abc import Iterable
from typing import Any

from moto.awslambda.models import LambdaFunction, lambda_backends

from rehearsal.cloud.cloudformation.resource_type import MotoType, Request, ResourceType, Settled, Updated
from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.policy import Resource
from rehearsal.cloud.iam.request import EVERYTHING, Ask, Parameter

# Properties that the rehearsal would ignore.
UNPLAYED = ("Layers", "VpcConfig", "DeadLetterConfig", "ImageConfig", "FileSystemConfigs", "SnapStart")
OPTIONAL = {"Description": "", "MemorySize": 128, "Timeout": 3, "Environment": {}}
SIGNING_NAME = "lambda"

# Where IAM's name of an action is not the API's.
ACTIONS = {"Invoke": "InvokeFunction"}


class FunctionType(MotoType):
    """moto ignores the log group, the processor of the code, and what an update takes away."""

    identity = ("FunctionName",)

    def create(self, request: Request) -> Any:
        _refuse_unplayed(request)
        function = super().create(request)
        _load(request, function)
        _configure(request, function)
        return function

    def update(self, request: Request, resource: LambdaFunction, previous: Request) -> Updated:
        _refuse_unplayed(request)
        return super().update(request, resource, previous)

    def change(self, request: Request, resource: LambdaFunction, previous: Request) -> LambdaFunction:
        properties = {**OPTIONAL, **request.properties}
        properties["Environment"] = {"Variables": {}, **properties["Environment"]}
        resource.update_configuration(properties)
        if request.properties["Code"] != previous.properties["Code"]:
            _load(request, resource)
        _configure(request, resource)
        return resource


def _refuse_unplayed(request: Request) -> None:
    if found := [name for name in UNPLAYED if request.properties.get(name)]:
        raise NotImplementedError(f"the rehearsal's AWS Lambda has no {', '.join(found)} yet")


def _load(request: Request, function: LambdaFunction) -> None:
    """moto reads code only from objects of its own."""
    code = request.properties["Code"]
    if "ZipFile" in code:
        raise NotImplementedError("the rehearsal's AWS Lambda takes its code from a bucket")
    package = request.buckets.read_object(code["S3Bucket"], code["S3Key"])
    function.update_function_code({"ZipFile": base64.b64encode(package).decode()})


def _configure(request: Request, function: LambdaFunction) -> None:
    properties = request.properties
    function.architectures = properties.get("Architectures", ["x86_64"])
    default = f"/aws/lambda/{function.function_name}"
    function.logs_group_name = properties.get("LoggingConfig", {}).get("LogGroup", default)


class EventInvokeConfigType(ResourceType):
    """moto has no type of this name."""

    def create(self, request: Request) -> Settled:
        if request.properties.get("DestinationConfig"):
            raise NotImplementedError("the rehearsal's AWS Lambda has no destinations yet")
        name, lambda_ = request.properties["FunctionName"], request.scope.regional(lambda_backends)
        lambda_.get_function(name).event_invoke_config.clear()
        names = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds")
        lambda_.put_function_event_invoke_config(
            name, {each: int(request.properties[each]) for each in names if each in request.properties}
        )
        return Settled(f"{name}|{request.properties['Qualifier']}")

    def update(self, request: Request, resource: Settled, previous: Request) -> Updated:  # noqa: ARG002
        settled = self.create(request)
        return Updated(settled, replaced=settled != resource)

    def delete(self, request: Request, resource: Settled) -> None:  # noqa: ARG002
        lambda_ = request.scope.regional(lambda_backends)
        lambda_.delete_function_event_invoke_config(request.properties["FunctionName"])


def asks(scope: Scope, operation: str, parameter: Parameter) -> Iterable[Ask]:
    name = parameter("FunctionName")
    action = f"lambda:{ACTIONS.get(operation, operation)}"
    if not name:
        yield Ask(action, EVERYTHING)
    else:
        yield Ask(action, [Resource(name if name.startswith("arn:") else scope.arn("lambda", f"function:{name}"))])


TYPES = {"AWS::Lambda::EventInvokeConfig": EventInvokeConfigType(), "AWS::Lambda::Function": FunctionType()}
