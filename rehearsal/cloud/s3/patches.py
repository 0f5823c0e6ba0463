"""What S3 does otherwise than moto: the buckets' followers hear of every bucket."""

from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, S3Backend

from rehearsal.cloud.core.patches import Patches
from rehearsal.cloud.core.regions import Regions


def patch(patches: Patches, regions: Regions) -> None:
    buckets = regions.here.buckets

    @patches.wrap(S3Backend, because="another S3 server may hold the objects: it makes the bucket, too")
    def create_bucket(original: Any, s3: S3Backend, bucket_name: str, *args: Any, **kwargs: Any) -> Any:
        created = original(s3, bucket_name, *args, **kwargs)
        buckets.on_created(bucket_name)
        return created

    @patches.wrap(S3Backend, because="another S3 server may hold the objects: it keeps their versions")
    def put_bucket_versioning(original: Any, s3: S3Backend, bucket_name: str, status: str) -> None:
        original(s3, bucket_name, status)
        buckets.on_versioning(bucket_name, status)

    @patches.wrap(S3Backend, because="another S3 server may hold the objects: only an empty bucket is deleted")
    def delete_bucket(original: Any, s3: S3Backend, bucket_name: str) -> Any:
        # moto answers 409 for what was not deleted.
        if bucket_name in s3.buckets and buckets.has_objects(bucket_name):
            return None
        if bucket_name in s3.buckets:
            buckets.on_deleted(bucket_name)
        return original(s3, bucket_name)

    @patches.replace(
        FakeBucket,
        because="moto ignores conditions in a bucket policy: a Deny without TLS would shut everybody out; "
        "the gate reads the policy instead",
    )
    def get_permission(*_: Any, **__: Any) -> PermissionResult:
        return PermissionResult.NEUTRAL
