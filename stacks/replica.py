"""Copies of images, certificate and usage in another region, which S3 itself keeps up to date (replication)."""

from typing import cast

from aws_cdk import Aws, CfnOutput, Environment, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.buckets import add_bucket, uploads_rule, usage_rule
from stacks.statements import allow

# What is copied, by kind of bucket: of the images all but the health check's test objects, and nothing of what the
# functions remember of the lost region.
COPIED = {"images": ("docker/",), "state": ("letsencrypt/", "usage/")}
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
_ON_BUCKET = ("s3:GetReplicationConfiguration", "s3:ListBucket")
_ON_OBJECTS = ("s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging")
_ON_COPIES = ("s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags")


class ReplicaStack(Stack):
    def __init__(self, scope: Construct, stack_id: str, *, name_prefix: str, region: str, remove_data: bool) -> None:
        """``remove_data`` lets ``cdk destroy`` delete the buckets once they are empty."""
        super().__init__(
            scope,
            stack_id,
            env=Environment(region=region),
            description="Private Docker registry: copies of images and certificates",
            termination_protection=not remove_data,
        )
        policy = RemovalPolicy.DESTROY if remove_data else RemovalPolicy.RETAIN
        images, state = (_name(name_prefix, kind, region) for kind in ("images", "state"))
        add_bucket(self, "Images", policy, uploads_rule(), bucket_name=images)
        add_bucket(self, "State", policy, usage_rule(), bucket_name=state)
        CfnOutput(self, "ImageCopy", value=images, description="The setting image_bucket if only the copy is left")
        CfnOutput(self, "StateCopy", value=state, description="The copy of certificates and usage")


def replicate(images: s3.Bucket, state: s3.Bucket, *, name_prefix: str, region: str) -> None:
    """Have S3 copy both to the buckets of the replica's stack.

    Delete markers are copied, too: the engine deletes the upload of every push, and a deleted tag must not be back in
    the copy. Versions stay in the copy for their 30 days, because S3 never copies the deletion of a version.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-what-is-isnot-replicated.html
    """
    # Not the role that the CDK would make: it has the same fixed name in every stack.
    role = iam.Role(Stack.of(images), "CopyRole", assumed_by=iam.ServicePrincipal("s3.amazonaws.com"))
    for kind, bucket in (("images", images), ("state", state)):
        copy = f"arn:{Aws.PARTITION}:s3:::{_name(name_prefix, kind, region)}"
        prefixes = COPIED[kind]
        sources, copies = ([f"{arn}/{prefix}*" for prefix in prefixes] for arn in (bucket.bucket_arn, copy))
        role.add_to_policy(allow(f"Bucket{kind.title()}", _ON_BUCKET, [bucket.bucket_arn]))
        role.add_to_policy(allow(f"Read{kind.title()}", _ON_OBJECTS, sources))
        role.add_to_policy(allow(f"Copy{kind.title()}", _ON_COPIES, copies))
        rules = [_rule(number, prefix, copy) for number, prefix in enumerate(prefixes, 1)]
        resource = cast(s3.CfnBucket, bucket.node.default_child)
        resource.replication_configuration = s3.CfnBucket.ReplicationConfigurationProperty(
            role=role.role_arn, rules=rules
        )


def _rule(priority: int, prefix: str, copy: str) -> s3.CfnBucket.ReplicationRuleProperty:
    return s3.CfnBucket.ReplicationRuleProperty(
        id=f"copy-{prefix.strip('/')}",
        priority=priority,
        status="Enabled",
        filter=s3.CfnBucket.ReplicationRuleFilterProperty(prefix=prefix),
        delete_marker_replication=s3.CfnBucket.DeleteMarkerReplicationProperty(status="Enabled"),
        destination=s3.CfnBucket.ReplicationDestinationProperty(bucket=copy),
    )


def _name(name_prefix: str, kind: str, region: str) -> str:
    """The bucket's fixed name, which the stacks of both regions know."""
    return f"{name_prefix}-{kind}-{Aws.ACCOUNT_ID}-{region}"
