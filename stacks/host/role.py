"""A host's permissions: the calls of its scripts and of its SSM agent, each limited to its resources."""

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets

from stacks.settings.settings import Settings
from stacks.statements import allow, arn, list_state, tagged, write_log
from stacks.storage import StorageStack

# The agent's calls for Run Command and Session Manager. The managed policy for them,
# AmazonSSMManagedInstanceCore, would also let a host read every parameter of the account.
# https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-setting-up-messageAPIs.html
_AGENT_ACTIONS = (
    "ssm:UpdateInstanceInformation",
    *("ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel"),
    *("ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"),
    *("ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage", "ec2messages:FailMessage"),
    *("ec2messages:GetEndpoint", "ec2messages:GetMessages", "ec2messages:SendReply"),
)
_ON_BUCKET = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")
_ON_LAYERS = (
    *("s3:DeleteObject", "s3:GetObject", "s3:PutObject"),
    *("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
)
_ON_SAVED = ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject")


def host_statements(
    stack: Stack, *, settings: Settings, scripts: assets.Asset, storage: StorageStack, address: ec2.CfnEIP
) -> list[iam.PolicyStatement]:
    images, state = storage.images, storage.state
    certificate = f"letsencrypt/{settings.domain_name}.tar.gz"
    usage, health = f"usage/{settings.domain_name}.jsonl.gz", f"health/{settings.domain_name}.json"
    parameters = arn("ssm", f"parameter{settings.parameter_path}")
    http_secret = f"{parameters}/http-secret"
    first_users = [f"{parameters}/users/push/admin", f"{parameters}/users/pull/health"]
    # The scripts of the deployment before as well: after a roll-back, the next host starts with them.
    own_scripts = scripts.bucket.arn_for_objects(f"{stack.stack_name}/*.zip")
    return [
        allow("OwnScripts", ["s3:GetObject"], [own_scripts]),
        allow("ImageBucket", _ON_BUCKET, [images.bucket_arn]),
        allow("Images", _ON_LAYERS, [images.arn_for_objects(f"{storage.image_folder}*")]),
        list_state(state),
        # An older version takes the place of a damaged or deleted one.
        allow("StateVersions", ["s3:ListBucketVersions"], [state.bucket_arn]),
        allow("Certificate", _ON_SAVED, [state.arn_for_objects(certificate)]),
        allow("Usage", _ON_SAVED, [state.arn_for_objects(usage)]),
        # For the registry's page.
        allow("Health", ["s3:GetObject"], [state.arn_for_objects(health)]),
        allow("Users", ["ssm:GetParametersByPath"], [f"{parameters}/users", f"{parameters}/users/*"]),
        allow("HttpSecret", ["ssm:GetParameter"], [http_secret]),
        allow(
            "CreateOnly",
            ["ssm:PutParameter"],
            [http_secret, *first_users],
            # Not StringEquals "false": the key may be absent where the request does not name Overwrite.
            {"StringNotEquals": {"ssm:Overwrite": "true"}},
        ),
        allow("ReportToDeployment", ["cloudformation:SignalResource"], [stack.stack_id]),
        allow(
            "TakeAddress",
            ["ec2:AssociateAddress"],
            [arn("ec2", f"elastic-ip/{address.attr_allocation_id}"), arn("ec2", "network-interface/*")],
        ),
        allow("TakeAddressAsHost", ["ec2:AssociateAddress"], [arn("ec2", "instance/*")], tagged(settings.domain_name)),
        write_log(storage.host_log),
        allow("SsmAgent", _AGENT_ACTIONS, ["*"]),
        # DescribeInstanceInformation would show every host of the account.
        allow(
            "IsAgentConnected", ["ssm:GetConnectionStatus"], [arn("ec2", "instance/*")], tagged(settings.domain_name)
        ),
    ]
