"""Lambda functions, who may invoke them, and what becomes of a failed asynchronous invocation."""

import base64
import json
from typing import Any

from moto.awslambda.models import LambdaBackend, LambdaFunction, lambda_backends

from rehearsal.cloud.cloudformation.resource_type import MotoType, PlainType, Request, Settled, Updated
from rehearsal.cloud.s3.buckets import Buckets

# What a function here could be given without the rehearsal doing anything about it.
UNPLAYED = ("Layers", "VpcConfig", "DeadLetterConfig", "ImageConfig", "FileSystemConfigs", "SnapStart")
OPTIONAL = {"Description": "", "MemorySize": 128, "Timeout": 3, "Environment": {}}


def lambda_of(request: Request) -> LambdaBackend:
    return lambda_backends[request.place.account][request.place.region]


class FunctionType(MotoType):
    """moto ignores where logs go, for which processor the code is, and what an update takes away."""

    def __init__(self, buckets: Buckets) -> None:
        super().__init__(LambdaFunction)
        self._buckets = buckets

    def create(self, request: Request) -> Any:
        _refuse_unplayed(request)
        function = super().create(request)
        self._load(request, function)
        _configure(request, function)
        return function

    def update(self, request: Request, resource: LambdaFunction, previous: Request) -> Updated:
        _refuse_unplayed(request)
        if request.properties.get("FunctionName") != previous.properties.get("FunctionName"):
            return Updated(self.create(request), replaced=True)
        properties = {**OPTIONAL, **request.properties}
        properties["Environment"] = {"Variables": {}, **properties["Environment"]}
        resource.update_configuration(properties)
        if request.properties["Code"] != previous.properties["Code"]:
            self._load(request, resource)
        _configure(request, resource)
        return Updated(resource)

    def _load(self, request: Request, function: LambdaFunction) -> None:
        """moto knows only its own objects."""
        code = request.properties["Code"]
        if "ZipFile" in code:
            raise NotImplementedError("the rehearsal's AWS Lambda takes its code from a bucket")
        package = self._buckets.read_object(code["S3Bucket"], code["S3Key"])
        function.update_function_code({"ZipFile": base64.b64encode(package).decode()})


def _refuse_unplayed(request: Request) -> None:
    if found := [name for name in UNPLAYED if request.properties.get(name)]:
        raise NotImplementedError(f"the rehearsal's AWS Lambda has no {', '.join(found)} yet")


def _configure(request: Request, function: LambdaFunction) -> None:
    properties = request.properties
    function.architectures = properties.get("Architectures", ["x86_64"])
    default = f"/aws/lambda/{function.function_name}"
    function.logs_group_name = properties.get("LoggingConfig", {}).get("LogGroup", default)


class EventInvokeConfigType(PlainType):
    def create(self, request: Request) -> Settled:
        if request.properties.get("DestinationConfig"):
            raise NotImplementedError("the rehearsal's AWS Lambda has no destinations yet")
        name = request.properties["FunctionName"]
        lambda_of(request).get_function(name).event_invoke_config.clear()
        names = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds")
        lambda_of(request).put_function_event_invoke_config(
            name, {each: int(request.properties[each]) for each in names if each in request.properties}
        )
        return Settled(f"{name}|{request.properties['Qualifier']}")

    def update(self, request: Request, resource: Settled, previous: Request) -> Updated:  # noqa: ARG002
        settled = self.create(request)
        return Updated(settled, replaced=settled != resource)

    def delete(self, request: Request, resource: Settled) -> None:  # noqa: ARG002
        lambda_of(request).delete_function_event_invoke_config(request.properties["FunctionName"])


class PermissionType(PlainType):
    """A statement of a function's policy. moto cannot take one away."""

    def create(self, request: Request) -> Settled:
        statement = {**request.properties, "StatementId": request.generated_name()}
        function = statement.pop("FunctionName")
        lambda_of(request).get_function(function).policy.add_statement(json.dumps(statement))
        return Settled(statement["StatementId"])

    def delete(self, request: Request, resource: Settled) -> None:
        function = lambda_of(request).get_function(request.properties["FunctionName"])
        function.policy.del_statement(resource.physical_resource_id)
