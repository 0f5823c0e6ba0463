"""Buckets, their policies, and log groups."""

import json
from typing import Any

from moto.logs.models import LogGroup
from moto.s3.exceptions import MissingBucket
from moto.s3.models import FakeBucket, S3Backend, s3_backends
from moto.utilities.utils import get_partition

from rehearsal.cloud.cloudformation.resource_type import MotoType, Request, Updated
from rehearsal.cloud.core.patches import Patches
from rehearsal.cloud.s3.buckets import Buckets


def s3_of(request: Request) -> S3Backend:
    return s3_backends[request.place.account][get_partition(request.place.region)]


class BucketType(MotoType):
    def __init__(self, buckets: Buckets) -> None:
        super().__init__(FakeBucket)
        self._buckets = buckets

    def create(self, request: Request) -> Any:
        bucket = super().create(request)
        _configure(request, bucket)
        return bucket

    def update(self, request: Request, resource: FakeBucket, previous: Request) -> Updated:
        if request.properties.get("BucketName") != previous.properties.get("BucketName"):
            return Updated(self.create(request), replaced=True)
        _configure(request, resource)
        return Updated(resource)

    def delete(self, request: Request, resource: FakeBucket) -> None:
        # moto's CloudFormation reports a bucket with objects in it as deleted, and keeps it.
        if self._buckets.has_objects(resource.name):
            raise RuntimeError(f"The bucket you tried to delete is not empty ({resource.name})")
        s3_of(request).delete_bucket(resource.name)


def _configure(request: Request, bucket: FakeBucket) -> None:
    """What moto's CloudFormation drops: an audit by API must see it."""
    properties = request.properties
    if versioning := properties.get("VersioningConfiguration"):
        bucket.versioning_status = versioning["Status"]
    if access := properties.get("PublicAccessBlockConfiguration"):
        s3_of(request).put_public_access_block(
            bucket.name, {name: str(value).lower() for name, value in access.items()}
        )


class BucketPolicy:
    def __init__(self, bucket_name: str) -> None:
        self.bucket_name = bucket_name
        self.physical_resource_id = bucket_name


class BucketPolicyType:
    """AWS::S3::BucketPolicy, which moto skips."""

    def create(self, request: Request) -> BucketPolicy:
        name = str(request.properties["Bucket"])
        try:
            bucket = s3_of(request).get_bucket(name)
        except MissingBucket as missing:
            raise RuntimeError(f"The specified bucket does not exist ({name})") from missing
        bucket.policy = json.dumps(request.properties["PolicyDocument"]).encode()
        return BucketPolicy(name)

    def settle(self, request: Request, resource: BucketPolicy) -> None:
        pass

    def update(self, request: Request, resource: BucketPolicy, previous: Request) -> Updated:  # noqa: ARG002
        return Updated(self.create(request), replaced=resource.bucket_name != request.properties["Bucket"])

    def restore(self, request: Request, resource: BucketPolicy, failed: Request) -> Updated:
        return self.update(request, resource, failed)

    def delete(self, request: Request, resource: BucketPolicy) -> None:
        s3_of(request).delete_bucket_policy(resource.bucket_name)


class LogGroupType(MotoType):
    def __init__(self) -> None:
        super().__init__(LogGroup)

    def update(self, request: Request, resource: LogGroup, previous: Request) -> Updated:
        if request.properties.get("LogGroupName") != previous.properties.get("LogGroupName"):
            return super().update(request, resource, previous)
        resource.retention_in_days = request.properties.get("RetentionInDays")
        return Updated(resource)


def patch(patches: Patches) -> None:
    """Fn::GetAtt Arn of a log group ends in :* (CloudFormation reference); moto leaves that away."""

    def get_cfn_attribute(group: LogGroup, attribute_name: str) -> str:
        found = str(original(group, attribute_name))
        return f"{found}:*" if attribute_name == "Arn" else found

    original = patches.replace(LogGroup, "get_cfn_attribute", get_cfn_attribute)
