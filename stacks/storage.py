"""The data that outlives every host: images, certificates and the hosts' log."""

from aws_cdk import Aws, CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

# As far back as `python -m restore` reaches.
HISTORY_DAYS = 30
# Every push writes its layers twice: the engine copies a finished upload to its place and deletes it. Of what is below
# this folder, uploads alone are larger than a link.
ENGINE_LINKS, LARGEST_LINK_BYTES = "docker/registry/v2/repositories/", 1024
# The registry itself gives up an upload after 168 hours.
ABORT_UPLOAD_DAYS = 8


class StorageStack(Stack):
    def __init__(self, scope: Construct, stack_id: str, *, image_bucket: str, remove_data: bool) -> None:
        """``image_bucket`` is an adopted bucket, perhaps with a folder after a slash: the stack never changes it.
        ``remove_data`` lets ``cdk destroy`` delete the log, and the buckets once they are empty."""
        description = "Private Docker registry: images, certificates, host log"
        super().__init__(scope, stack_id, description=description, termination_protection=not remove_data)
        self._removal_policy = RemovalPolicy.DESTROY if remove_data else RemovalPolicy.RETAIN
        adopted, _, folder = image_bucket.partition("/")
        self.images = s3.Bucket.from_bucket_name(self, "Images", adopted) if adopted else self._image_bucket()
        self.image_folder = f"{folder}/" if folder else ""
        self.state = self._bucket("State")
        three_months = logs.RetentionDays.THREE_MONTHS
        policy = self._removal_policy
        self.host_log = logs.LogGroup(self, "HostLogGroup", retention=three_months, removal_policy=policy)
        images = image_bucket or self.images.bucket_name
        CfnOutput(self, "ImageBucket", value=images, description="The bucket of the images")
        CfnOutput(self, "StateBucket", value=self.state.bucket_name, description="The bucket of certificates and usage")
        show_log = f"aws logs tail {self.host_log.log_group_name} --since 1d --region {Aws.REGION}"
        CfnOutput(self, "HostLog", value=show_log, description="Shows the log of all hosts, including deleted ones")

    def _image_bucket(self) -> s3.IBucket:
        uploads = s3.LifecycleRule(
            id="finished-uploads",
            prefix=ENGINE_LINKS,
            object_size_greater_than=LARGEST_LINK_BYTES,
            noncurrent_version_expiration=Duration.days(1),
        )
        return self._bucket("Images", uploads)

    def _bucket(self, name: str, *rules: s3.LifecycleRule) -> s3.Bucket:
        history = s3.LifecycleRule(
            id="bounded-history",
            abort_incomplete_multipart_upload_after=Duration.days(ABORT_UPLOAD_DAYS),
            expired_object_delete_marker=True,
            noncurrent_version_expiration=Duration.days(HISTORY_DAYS),
        )
        bucket = s3.Bucket(
            self,
            name,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            versioned=True,
            lifecycle_rules=[history, *rules],
            removal_policy=self._removal_policy,
        )
        if bucket.policy:
            # Without its policy, a retained bucket would also answer without TLS.
            bucket.policy.apply_removal_policy(self._removal_policy)
        return bucket
