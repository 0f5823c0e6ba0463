"""Buckets and their policies."""

import json
from typing import Any

from moto.s3.exceptions import MissingBucket
from moto.s3.models import FakeBucket, s3_backends

from rehearsal.cloud.cloudformation.resource_type import MotoType, Request, ResourceType, Settled


class BucketType(MotoType):
    """moto drops what an audit by API must see, and reports a full bucket as deleted although it stays."""

    identity = ("BucketName",)

    def create(self, request: Request) -> Any:
        return self.change(request, super().create(request), request)

    def change(self, request: Request, resource: FakeBucket, previous: Request) -> FakeBucket:  # noqa: ARG002
        properties = request.properties
        if versioning := properties.get("VersioningConfiguration"):
            resource.versioning_status = versioning["Status"]
        if access := properties.get("PublicAccessBlockConfiguration"):
            request.scope.wide(s3_backends).put_public_access_block(
                resource.name, {name: str(value).lower() for name, value in access.items()}
            )
        return resource

    def delete(self, request: Request, resource: FakeBucket) -> None:
        if request.buckets.has_objects(resource.name):
            raise RuntimeError(f"The bucket you tried to delete is not empty ({resource.name})")
        request.scope.wide(s3_backends).delete_bucket(resource.name)


class BucketPolicyType(ResourceType):
    """moto has no type of this name."""

    identity = ("Bucket",)

    def create(self, request: Request) -> Settled:
        name = str(request.properties["Bucket"])
        try:
            bucket = request.scope.wide(s3_backends).get_bucket(name)
        except MissingBucket as missing:
            raise RuntimeError(f"The specified bucket does not exist ({name})") from missing
        bucket.policy = json.dumps(request.properties["PolicyDocument"]).encode()
        return Settled(name)

    def change(self, request: Request, resource: Settled, previous: Request) -> Settled:  # noqa: ARG002
        return self.create(request)

    def delete(self, request: Request, resource: Settled) -> None:
        request.scope.wide(s3_backends).delete_bucket_policy(resource.physical_resource_id)


TYPES = {"AWS::S3::Bucket": BucketType(), "AWS::S3::BucketPolicy": BucketPolicyType()}
