"""SSM documents."""

import json

from moto.ssm.models import ssm_backends

from rehearsal.cloud.cloudformation.resource_type import Request, ResourceType, Settled, Updated


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


TYPES = {"AWS::SSM::Document": DocumentType()}
