"""The functions' permissions: the calls that each makes, limited to its resources."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_ssm as ssm

from stacks.operations.topic import Alerts
from stacks.settings.settings import Settings
from stacks.statements import allow, arn, list_state, tagged, write_log


def ring_statements(*, domain_name: str, document: ssm.CfnDocument) -> list[iam.PolicyStatement]:
    """Run one of the document's verbs on this registry's hosts."""
    return [
        allow("RingDocument", ["ssm:SendCommand"], [arn("ssm", f"document/{document.ref}")]),
        allow("RingHosts", ["ssm:SendCommand"], [arn("ec2", "instance/*")], tagged(domain_name, "ssm:resourceTag")),
    ]


def common_statements(
    *, domain_name: str, document: ssm.CfnDocument, log_group: logs.ILogGroup, alerts: Alerts, state: s3.IBucket
) -> list[iam.PolicyStatement]:
    """Write the log, run verbs on the hosts and read their output, send mail."""
    return [
        write_log(log_group),
        *ring_statements(domain_name=domain_name, document=document),
        # These know no resources. https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
        allow("ReadAnswers", ["ssm:GetCommandInvocation", "ssm:ListCommandInvocations"], ["*"]),
        allow("Tell", ["sns:Publish"], [alerts.topic.topic_arn]),
        allow("EncryptMail", ["kms:Decrypt", "kms:GenerateDataKey"], [alerts.key.key_arn]),
        list_state(state),
    ]


def renewal_statements(*, domain_name: str, state: s3.IBucket) -> list[iam.PolicyStatement]:
    remembered = state.arn_for_objects(f"renewal/{domain_name}.json")
    return [allow("Remember", ["s3:GetObject", "s3:PutObject"], [remembered])]


def health_statements(
    *, settings: Settings, topic: sns.ITopic, state: s3.IBucket, renewal: lambda_.IFunction
) -> list[iam.PolicyStatement]:
    remembered = state.arn_for_objects(f"health/{settings.domain_name}.json")
    of_renewal = state.arn_for_objects(f"renewal/{settings.domain_name}.json")
    password = arn("ssm", f"parameter{settings.parameter_path}/users/pull/health")
    statements = [
        allow("Remember", ["s3:GetObject", "s3:PutObject"], [remembered]),
        allow("LastRenewal", ["s3:GetObject"], [of_renewal]),
        allow("HealthLogin", ["ssm:GetParameter"], [password]),
        allow("CountReceivers", ["sns:GetTopicAttributes"], [topic.topic_arn]),
        allow("RenewEarly", ["lambda:InvokeFunction"], [renewal.function_arn]),
    ]
    if settings.repair_enabled:
        statements += [
            # It knows no resources.
            allow("FindHosts", ["autoscaling:DescribeAutoScalingGroups"], ["*"]),
            allow(
                "ReplaceHost",
                ["autoscaling:SetInstanceHealth"],
                [arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/*")],
                tagged(settings.domain_name),
            ),
        ]
    return statements
