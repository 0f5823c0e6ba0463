"""What a host may do: the calls its scripts and its SSM agent make, each on what it concerns."""

from aws_cdk import Aws, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as assets

HOST_TAG = "registry:domain"
# What the agent calls for Run Command and Session Manager. The managed policy for it,
# AmazonSSMManagedInstanceCore, would also let a host read every parameter of the account.
# https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-setting-up-messageAPIs.html
_AGENT_ACTIONS = (
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
    "ec2messages:AcknowledgeMessage",
    "ec2messages:DeleteMessage",
    "ec2messages:FailMessage",
    "ec2messages:GetEndpoint",
    "ec2messages:GetMessages",
    "ec2messages:SendReply",
)


def host_policy(
    stack: Stack,
    *,
    domain_name: str,
    parameter_path: str,
    asset: assets.Asset,
    images: s3.IBucket,
    state: s3.IBucket,
    log_group: logs.ILogGroup,
    address: ec2.CfnEIP,
) -> iam.PolicyDocument:
    def arn(service: str, resource: str) -> str:
        return f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:{resource}"

    parameters = arn("ssm", f"parameter{parameter_path}")
    http_secret = f"{parameters}/http-secret"
    first_users = [f"{parameters}/users/push/admin", f"{parameters}/users/pull/health"]
    return iam.PolicyDocument(
        statements=[
            _allow("OwnScripts", ["s3:GetObject"], [asset.bucket.arn_for_objects(asset.s3_object_key)]),
            _allow(
                "ImageBucket",
                ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
                [images.bucket_arn],
            ),
            _allow(
                "Images",
                [
                    "s3:AbortMultipartUpload",
                    "s3:DeleteObject",
                    "s3:GetObject",
                    "s3:ListMultipartUploadParts",
                    "s3:PutObject",
                ],
                [images.arn_for_objects("*")],
            ),
            # Without it S3 answers 403 instead of 404 for a certificate that does not exist yet.
            _allow("StateBucket", ["s3:ListBucket"], [state.bucket_arn]),
            _allow(
                "Certificate",
                ["s3:GetObject", "s3:PutObject"],
                [state.arn_for_objects(f"letsencrypt/{domain_name}.tar.gz")],
            ),
            _allow("Users", ["ssm:GetParametersByPath"], [f"{parameters}/users", f"{parameters}/users/*"]),
            _allow("HttpSecret", ["ssm:GetParameter"], [http_secret]),
            _allow(
                "CreateOnly",
                ["ssm:PutParameter"],
                [http_secret, *first_users],
                # Not StringEquals "false": the key may be absent where the request does not name Overwrite.
                {"StringNotEquals": {"ssm:Overwrite": "true"}},
            ),
            _allow("ReportToDeployment", ["cloudformation:SignalResource"], [stack.stack_id]),
            _allow(
                "TakeAddress",
                ["ec2:AssociateAddress"],
                [arn("ec2", f"elastic-ip/{address.attr_allocation_id}"), arn("ec2", "network-interface/*")],
            ),
            _allow(
                "TakeAddressAsHost",
                ["ec2:AssociateAddress"],
                [arn("ec2", "instance/*")],
                {"StringEquals": {f"aws:ResourceTag/{HOST_TAG}": domain_name}},
            ),
            _allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], [log_group.log_group_arn]),
            _allow("SsmAgent", list(_AGENT_ACTIONS), ["*"]),
        ]
    )


def _allow(
    sid: str, actions: list[str], resources: list[str], conditions: dict[str, dict[str, str]] | None = None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid=sid, actions=actions, resources=resources, conditions=conditions)
