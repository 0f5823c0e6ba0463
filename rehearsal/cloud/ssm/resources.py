"""SSM documents, and what a request asks for: parameters, documents, the instances of a command."""

import json
from collections.abc import Iterable

from moto.ssm.models import ssm_backends

from rehearsal.cloud.cloudformation.resource_type import Request, ResourceType, Settled, Updated
from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.ec2.resources import instance
from rehearsal.cloud.iam.policy import Context, Resource
from rehearsal.cloud.iam.request import EVERYTHING, UNKNOWN, Ask, Parameter, tag_context

SIGNING_NAME = "ssm"

FLAGS = {"PutParameter": "Overwrite", "GetParametersByPath": "Recursive"}


class DocumentType(ResourceType):
    """moto names a document by a UUID, and updates one by deleting it, whatever UpdateMethod says."""

    def create(self, request: Request) -> Settled:
        properties = request.properties
        name = request.name("Name")
        request.scope.regional(ssm_backends).create_document(
            content=_content(request),
            requires=properties.get("Requires", []),
            attachments=properties.get("Attachments", []),
            name=name,
            version_name=properties.get("VersionName", ""),
            document_type=properties.get("DocumentType", "Command"),
            document_format=properties.get("DocumentFormat", "JSON"),
            target_type=properties.get("TargetType", ""),
            tags=properties.get("Tags", []),
        )
        return Settled(name)

    def update(self, request: Request, resource: Settled, previous: Request) -> Updated:
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-document.html
        properties, name = request.properties, resource.physical_resource_id
        if properties.get("UpdateMethod", "Replace") == "Replace":
            if properties.get("Name") and properties["Name"] == previous.properties.get("Name"):
                raise RuntimeError(f"{name} already exists: a named document cannot be replaced")
            return Updated(self.create(request), replaced=True)
        ssm = request.scope.regional(ssm_backends)
        updated = ssm.update_document(
            content=_content(request),
            attachments=properties.get("Attachments", []),
            name=name,
            version_name=properties.get("VersionName", ""),
            document_version="$LATEST",
            document_format=properties.get("DocumentFormat", "JSON"),
            target_type=properties.get("TargetType", ""),
        )
        ssm.update_document_default_version(name, updated["DocumentVersion"])
        return Updated(resource)

    def delete(self, request: Request, resource: Settled) -> None:
        request.scope.regional(ssm_backends).delete_document(resource.physical_resource_id, "", "", force=True)


def _content(request: Request) -> str:
    content = request.properties["Content"]
    return content if isinstance(content, str) else json.dumps(content)


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
    if operation == "GetConnectionStatus":
        return [instance(scope, str(parameter("Target")))]
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


TYPES = {"AWS::SSM::Document": DocumentType()}
