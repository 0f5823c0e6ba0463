"""The parts of IAM policies that the stacks share."""

from collections.abc import Sequence

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

HOST_TAG = "registry:domain"


def arn(service: str, resource: str) -> str:
    """Of a resource in the stack's own account and region."""
    return f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:{resource}"


def allow(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[str],
    conditions: dict[str, dict[str, str]] | None = None,
    principal: iam.IPrincipal | None = None,
) -> iam.PolicyStatement:
    """``principal`` is for the policy of a resource."""
    principals = [principal] if principal else None
    return iam.PolicyStatement(
        sid=sid, actions=list(actions), resources=list(resources), conditions=conditions, principals=principals
    )


def tagged(domain_name: str, key: str = "aws:ResourceTag") -> dict[str, dict[str, str]]:
    """The condition that a resource is a host, or the group of hosts, of this registry."""
    return {"StringEquals": {f"{key}/{HOST_TAG}": domain_name}}


def write_log(log_group: logs.ILogGroup) -> iam.PolicyStatement:
    return allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], [log_group.log_group_arn])


def list_state(state: s3.IBucket) -> iam.PolicyStatement:
    """Without it S3 answers 403 instead of 404 for an object that does not exist yet."""
    return allow("StateBucket", ["s3:ListBucket"], [state.bucket_arn])


def service_for_this_account(service: str) -> iam.ServicePrincipal:
    """An AWS service that acts for this account, and for no other.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    return iam.ServicePrincipal(service, conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}})


def service_role(
    scope: Construct, name: str, principal: iam.IPrincipal, policy_name: str, statements: list[iam.PolicyStatement]
) -> iam.Role:
    """A role that holds its policy itself: nothing takes the role before its permissions exist."""
    policy = iam.PolicyDocument(statements=statements)
    return iam.Role(scope, name, assumed_by=principal, inline_policies={policy_name: policy})
