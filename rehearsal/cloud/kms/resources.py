"""KMS keys."""

import json

from moto.kms.models import Key, kms_backends

from rehearsal.cloud.cloudformation.resource_type import MotoType, Request


class KeyType(MotoType):
    """moto makes a new key for each changed policy, does not write the policy, and deletes a key at once."""

    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html
    identity = ("KeySpec", "KeyUsage")

    def create(self, request: Request) -> Key:
        key: Key = super().create(request)
        key.policy = json.dumps(request.properties["KeyPolicy"])
        return key

    def change(self, request: Request, resource: Key, previous: Request) -> Key:  # noqa: ARG002
        resource.policy = json.dumps(request.properties["KeyPolicy"])
        resource.description = request.properties.get("Description", "")
        resource.key_rotation_status = request.properties.get("EnableKeyRotation", False)
        resource.enabled = request.properties.get("Enabled", True)
        return resource

    def delete(self, request: Request, resource: Key) -> None:
        days = int(request.properties.get("PendingWindowInDays", 30))
        request.scope.regional(kms_backends).schedule_key_deletion(resource.id, days)


TYPES = {"AWS::KMS::Key": KeyType()}
