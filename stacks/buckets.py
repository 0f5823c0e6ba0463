"""Buckets that outlive every host: private, encrypted, TLS only, with a bounded history."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

HISTORY_RULE, UPLOADS_RULE = "bounded-history", "finished-uploads"
# As far back as `python -m restore` reaches.
HISTORY_DAYS = 30
UPLOADS_DAYS = 1
# Every push writes its layers twice: the engine copies a finished upload to its place and deletes it. Of what is below
# this folder, uploads alone are larger than a link.
ENGINE_LINKS, LARGEST_LINK_BYTES = "docker/registry/v2/repositories/", 1024
# The registry itself gives up an upload after 168 hours.
ABORT_UPLOAD_DAYS = 8


def uploads_rule() -> s3.LifecycleRule:
    """For images."""
    return s3.LifecycleRule(
        id=UPLOADS_RULE,
        prefix=ENGINE_LINKS,
        object_size_greater_than=LARGEST_LINK_BYTES,
        noncurrent_version_expiration=Duration.days(UPLOADS_DAYS),
    )


def usage_rule() -> s3.LifecycleRule:
    """For the state: hosts write up to 11 MB every ten minutes (docs/usage.md)."""
    return s3.LifecycleRule(id="usage", prefix="usage/", noncurrent_version_expiration=Duration.days(2))


def add_bucket(
    scope: Construct, name: str, removal_policy: RemovalPolicy, *rules: s3.LifecycleRule, bucket_name: str | None = None
) -> s3.Bucket:
    """``rules`` come after the one that bounds the history."""
    history = s3.LifecycleRule(
        id=HISTORY_RULE,
        abort_incomplete_multipart_upload_after=Duration.days(ABORT_UPLOAD_DAYS),
        expired_object_delete_marker=True,
        noncurrent_version_expiration=Duration.days(HISTORY_DAYS),
    )
    bucket = s3.Bucket(
        scope,
        name,
        bucket_name=bucket_name,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        versioned=True,
        lifecycle_rules=[history, *rules],
        removal_policy=removal_policy,
    )
    if bucket.policy:
        # Without its policy, a retained bucket would also answer without TLS.
        bucket.policy.apply_removal_policy(removal_policy)
    return bucket
