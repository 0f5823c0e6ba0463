"""KMS keys: moto makes a new one for each changed policy, which it keeps unwritten, and deletes one at once."""

import json

from moto.kms.models import Key, kms_backends

from rehearsal.cloud.cloudformation.resource_type import MotoType, Request, Updated


class KeyType(MotoType):
    def __init__(self) -> None:
        super().__init__(Key)

    def create(self, request: Request) -> Key:
        key: Key = super().create(request)
        key.policy = json.dumps(request.properties["KeyPolicy"])
        return key

    def update(self, request: Request, resource: Key, previous: Request) -> Updated:
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html
        if any(
            request.properties.get(name) != previous.properties.get(name) for name in ("KeySpec", "KeyUsage")
        ):
            return Updated(self.create(request), replaced=True)
        resource.policy = json.dumps(request.properties["KeyPolicy"])
        resource.description = request.properties.get("Description", "")
        resource.key_rotation_status = request.properties.get("EnableKeyRotation", False)
        resource.enabled = request.properties.get("Enabled", True)
        return Updated(resource)

    def delete(self, request: Request, resource: Key) -> None:
        kms_backends[request.place.account][request.place.region].schedule_key_deletion(
            resource.id, int(request.properties.get("PendingWindowInDays", 30))
        )
