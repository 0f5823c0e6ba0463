"""The data that outlives every host: images, certificates and the hosts' log."""

from aws_cdk import Aws, CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.buckets import add_bucket, uploads_rule, usage_rule
from stacks.replica import replicate
from stacks.settings.settings import Settings


class StorageStack(Stack):
    def __init__(self, scope: Construct, stack_id: str, *, settings: Settings) -> None:
        """With ``remove_data``, ``cdk destroy`` deletes the log, and the buckets once they are empty. An adopted image
        bucket is never changed."""
        super().__init__(
            scope,
            stack_id,
            description="Private Docker registry: images, certificates, host log",
            termination_protection=not settings.remove_data,
        )
        policy = RemovalPolicy.DESTROY if settings.remove_data else RemovalPolicy.RETAIN
        own = None if settings.image_bucket else add_bucket(self, "Images", policy, uploads_rule())
        self.images: s3.IBucket = own or s3.Bucket.from_bucket_name(self, "Images", settings.image_bucket_name)
        self.image_folder = settings.image_folder
        self.state = add_bucket(self, "State", policy, usage_rule())
        if own and settings.replica_region:
            replicate(own, self.state, name_prefix=settings.name_prefix, region=settings.replica_region)
        three_months = logs.RetentionDays.THREE_MONTHS
        self.host_log = logs.LogGroup(self, "HostLogGroup", retention=three_months, removal_policy=policy)
        images = settings.image_bucket or self.images.bucket_name
        CfnOutput(self, "ImageBucket", value=images, description="The bucket of the images")
        CfnOutput(self, "StateBucket", value=self.state.bucket_name, description="The bucket of certificates and usage")
        show_log = f"aws logs tail {self.host_log.log_group_name} --since 1d --region {Aws.REGION}"
        CfnOutput(self, "HostLog", value=show_log, description="Shows the log of all hosts, including deleted ones")
