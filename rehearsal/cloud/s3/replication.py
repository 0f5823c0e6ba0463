"""What S3 is to copy to buckets of other regions: the rules of the buckets, as moto keeps them."""

from collections.abc import Iterator
from dataclasses import dataclass

from moto.s3.models import FakeBucket

from rehearsal.cloud.iam.authority import Authority

SERVICE = "s3.amazonaws.com"


@dataclass(frozen=True, slots=True)
class CopyRule:
    """Objects of ``bucket`` below ``prefix`` are copied into ``copy``, in the role ``role``."""

    bucket: str
    prefix: str
    copy: str
    role: str
    with_deletions: bool


def rules_of(bucket: FakeBucket) -> Iterator[CopyRule]:
    """The enabled ones."""
    # moto adds it to a bucket once it is configured.
    configured = getattr(bucket, "replication", None) or {}
    for rule in configured.get("Rule", ()):
        if rule["Status"] == "Enabled":
            yield CopyRule(
                bucket=bucket.name,
                prefix=rule.get("Filter", {}).get("Prefix", ""),
                copy=rule["Destination"]["Bucket"].rpartition(":")[2],
                role=configured["Role"],
                with_deletions=rule.get("DeleteMarkerReplication", {}).get("Status") == "Enabled",
            )


def denied(authority: Authority, key: str, rule: CopyRule, object_key: str, *, is_deletion: bool) -> str:
    """The first permission that a session of the role lacks, by its own policies and those of both buckets; or nothing.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
    """
    source, copy = (f"arn:aws:s3:::{bucket}/{object_key}" for bucket in (rule.bucket, rule.copy))
    asked = (
        ("s3:GetReplicationConfiguration", f"arn:aws:s3:::{rule.bucket}"),
        ("s3:ListBucket", f"arn:aws:s3:::{rule.bucket}"),
        *([("s3:ReplicateDelete", copy)] if is_deletion else [
            ("s3:GetObjectVersionForReplication", source),
            ("s3:GetObjectVersionAcl", source),
            ("s3:ReplicateObject", copy),
        ]),
    )  # fmt: skip
    return next((action for action, resource in asked if not authority.allows(key, action, resource, {})), "")
