"""What each function may do: the calls it makes, each on what it concerns."""

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_ssm as ssm

from stacks.host.role import HOST_TAG


def arn(service: str, resource: str) -> str:
    return f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:{resource}"


def _allow(
    sid: str, actions: list[str], resources: list[str], conditions: dict[str, dict[str, str]] | None = None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid=sid, actions=actions, resources=resources, conditions=conditions)


def ring_statements(*, domain_name: str, document: ssm.CfnDocument) -> list[iam.PolicyStatement]:
    """Ask this registry's hosts for one of the document's verbs."""
    return [
        _allow("RingDocument", ["ssm:SendCommand"], [arn("ssm", f"document/{document.ref}")]),
        _allow(
            "RingHosts",
            ["ssm:SendCommand"],
            [arn("ec2", "instance/*")],
            {"StringEquals": {f"ssm:resourceTag/{HOST_TAG}": domain_name}},
        ),
    ]


def common_statements(
    *,
    domain_name: str,
    document: ssm.CfnDocument,
    log_group: logs.ILogGroup,
    topic: sns.ITopic,
    key: kms.IKey,
    state: s3.IBucket,
) -> list[iam.PolicyStatement]:
    """Log, ring the hosts' doorbell, read its answers, and send mail."""
    return [
        _allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], [log_group.log_group_arn]),
        *ring_statements(domain_name=domain_name, document=document),
        # These know no resources. https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
        _allow("ReadAnswers", ["ssm:GetCommandInvocation", "ssm:ListCommandInvocations"], ["*"]),
        _allow("Tell", ["sns:Publish"], [topic.topic_arn]),
        _allow("EncryptMail", ["kms:Decrypt", "kms:GenerateDataKey"], [key.key_arn]),
        # Without it S3 answers 403 instead of 404 for a state that does not exist yet.
        _allow("StateBucket", ["s3:ListBucket"], [state.bucket_arn]),
    ]


def renewal_statements(*, domain_name: str, state: s3.IBucket) -> list[iam.PolicyStatement]:
    remembered = state.arn_for_objects(f"renewal/{domain_name}.json")
    return [_allow("Remember", ["s3:GetObject", "s3:PutObject"], [remembered])]


def health_statements(
    *,
    domain_name: str,
    parameter_path: str,
    topic: sns.ITopic,
    state: s3.IBucket,
    renewal: functions.IFunction,
    repair_enabled: bool,
) -> list[iam.PolicyStatement]:
    statements = [
        _allow(
            "Remember",
            ["s3:GetObject", "s3:PutObject"],
            [state.arn_for_objects(f"health/{domain_name}.json")],
        ),
        _allow("LastRenewal", ["s3:GetObject"], [state.arn_for_objects(f"renewal/{domain_name}.json")]),
        _allow(
            "HealthLogin", ["ssm:GetParameter"], [arn("ssm", f"parameter{parameter_path}/users/pull/health")]
        ),
        _allow("CountReceivers", ["sns:GetTopicAttributes"], [topic.topic_arn]),
        _allow("RenewEarly", ["lambda:InvokeFunction"], [renewal.function_arn]),
    ]
    if repair_enabled:
        statements += [
            # It knows no resources.
            _allow("FindHosts", ["autoscaling:DescribeAutoScalingGroups"], ["*"]),
            _allow(
                "ReplaceHost",
                ["autoscaling:SetInstanceHealth"],
                [arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/*")],
                {"StringEquals": {f"aws:ResourceTag/{HOST_TAG}": domain_name}},
            ),
        ]
    return statements
