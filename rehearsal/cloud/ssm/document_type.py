"""SSM documents."""

import json

from moto.ssm.models import SimpleSystemManagerBackend, ssm_backends

from rehearsal.cloud.cloudformation.resource_type import PlainType, Request, Settled, Updated


class DocumentType(PlainType):
    """moto names a document by a UUID, and updates one by deleting it, whatever UpdateMethod says."""

    def create(self, request: Request) -> Settled:
        properties = request.properties
        name = str(properties.get("Name") or request.generated_name())
        _ssm(request).create_document(
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
        if request.properties.get("UpdateMethod", "Replace") == "Replace":
            if request.properties.get("Name") and request.properties["Name"] == previous.properties.get(
                "Name"
            ):
                raise RuntimeError(
                    f"{resource.physical_resource_id} already exists: a named document cannot be replaced"
                )
            return Updated(self.create(request), replaced=True)
        updated = _ssm(request).update_document(
            content=_content(request),
            attachments=request.properties.get("Attachments", []),
            name=resource.physical_resource_id,
            version_name=request.properties.get("VersionName", ""),
            document_version="$LATEST",
            document_format=request.properties.get("DocumentFormat", "JSON"),
            target_type=request.properties.get("TargetType", ""),
        )
        _ssm(request).update_document_default_version(
            resource.physical_resource_id, updated["DocumentVersion"]
        )
        return Updated(resource)

    def delete(self, request: Request, resource: Settled) -> None:
        _ssm(request).delete_document(resource.physical_resource_id, "", "", force=True)


def _ssm(request: Request) -> SimpleSystemManagerBackend:
    return ssm_backends[request.place.account][request.place.region]


def _content(request: Request) -> str:
    content = request.properties["Content"]
    return content if isinstance(content, str) else json.dumps(content)
