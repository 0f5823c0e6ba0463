"""Whether the deployment may do its work.

CloudFormation works with the role that `cdk bootstrap` made, not with your own permissions; an organization's policy
(SCP) binds both. IAM simulates the role. EC2 also tries a call without doing it (DryRun), as you.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from doctor.account import Account
from doctor.finding import Finding, Outcome
from doctor.refusals import code, is_denial, is_denial_by_organization

ROLE = "deployment role"
DRY_RUNS = "EC2 dry runs"
# One of each kind that the four stacks make.
ACTIONS = (
    *("ec2:CreateVpc", "ec2:AllocateAddress", "ec2:CreateLaunchTemplate", "ec2:RunInstances"),
    *("autoscaling:CreateAutoScalingGroup", "iam:CreateRole", "iam:CreateInstanceProfile", "iam:PassRole"),
    *("s3:CreateBucket", "s3:PutBucketPolicy", "logs:CreateLogGroup", "route53:ChangeResourceRecordSets"),
    *("lambda:CreateFunction", "scheduler:CreateSchedule", "events:PutRule", "sqs:CreateQueue"),
    *("sns:CreateTopic", "kms:CreateKey", "ssm:CreateDocument", "cloudwatch:PutMetricAlarm"),
)


class Verdict(StrEnum):
    ALLOWED = "allowed"
    NOT_YOURS = "not yours"
    """You may not, but CloudFormation's role perhaps may."""

    FORBIDDEN = "forbidden by an organization's policy"


@dataclass(frozen=True, slots=True)
class Simulation:
    """``denied`` are actions; ``by_organization`` is the part of them that no role of the account may take."""

    denied: tuple[str, ...]
    by_organization: frozenset[str] = frozenset()


def role_arn(account_id: str, region: str) -> str:
    """https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html"""
    return f"arn:aws:iam::{account_id}:role/cdk-hnb659fds-cfn-exec-role-{account_id}-{region}"


def simulate(account: Account) -> Simulation | None:
    """``None`` if the role does not exist: the line about the bootstrap says so."""
    arn, pages = role_arn(account.id, account.region), account.client("iam").get_paginator("simulate_principal_policy")
    try:
        rows = [
            row
            for page in pages.paginate(PolicySourceArn=arn, ActionNames=list(ACTIONS))
            for row in page["EvaluationResults"]
        ]
    except ClientError as error:
        if code(error) in ("NoSuchEntity", "NoSuchEntityException"):
            return None
        raise
    denied = [row for row in rows if row["EvalDecision"] != "allowed"]
    forbidden = [
        row for row in denied if not row.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True)
    ]
    return Simulation(_actions(denied), frozenset(_actions(forbidden)))


def _actions(rows: list[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(row["EvalActionName"] for row in rows)


def judge_simulation(seen: Simulation | None, arn: str) -> Finding:
    expected = f"the {len(ACTIONS)} kinds of call that the stacks need"
    if seen is None:
        return Finding(ROLE, Outcome.UNKNOWN, "there is no such role before `cdk bootstrap`", expected)
    if not seen.denied:
        return Finding(ROLE, Outcome.OK, "may make every kind of call", expected)
    shown = f"may not make {', '.join(seen.denied)}"
    cure = f"Let {arn} do it; `cdk bootstrap` without options gives it AdministratorAccess."
    if seen.by_organization:
        cure = f"An organization's policy denies {', '.join(sorted(seen.by_organization))}. Ask who keeps it."
    return Finding(ROLE, Outcome.FAILURE, shown, expected, cure)


def try_calls(account: Account) -> dict[str, Verdict]:
    """By action. Nothing is made. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html"""
    ec2, settings = account.client("ec2"), account.settings
    launch = {"InstanceType": settings.instance_type, "ImageId": f"resolve:ssm:{settings.ami_parameter}"}
    calls: dict[str, Callable[[], object]] = {
        "ec2:CreateVpc": lambda: ec2.create_vpc(CidrBlock="10.0.0.0/16", DryRun=True),
        "ec2:AllocateAddress": lambda: ec2.allocate_address(Domain="vpc", DryRun=True),
        "ec2:CreateLaunchTemplate": lambda: ec2.create_launch_template(
            LaunchTemplateName="doctor", LaunchTemplateData=launch, DryRun=True
        ),
        "ec2:RunInstances": lambda: ec2.run_instances(MinCount=1, MaxCount=1, **launch, DryRun=True),
    }
    return {action: _verdict(call) for action, call in calls.items()}


def _verdict(call: Callable[[], object]) -> Verdict:
    try:
        call()
    except ClientError as error:
        if code(error) == "DryRunOperation":
            return Verdict.ALLOWED
        if is_denial_by_organization(error):
            return Verdict.FORBIDDEN
        if is_denial(error):
            return Verdict.NOT_YOURS
        raise
    raise AssertionError("a dry run ends with an error, even if the call is allowed")


def judge_calls(verdicts: Mapping[str, Verdict]) -> Finding:
    def named(verdict: Verdict) -> str:
        return ", ".join(action for action, each in verdicts.items() if each == verdict)

    expected = f"{', '.join(verdicts)} allowed"
    if forbidden := named(Verdict.FORBIDDEN):
        cure = "It binds CloudFormation too. Ask who keeps your organization's policies, or take another region."
        return Finding(DRY_RUNS, Outcome.FAILURE, f"an organization's policy denies {forbidden}", expected, cure)
    if missing := named(Verdict.NOT_YOURS):
        seen = f"could not look: the permission {missing} is missing; CloudFormation's role may have it"
        return Finding(DRY_RUNS, Outcome.UNKNOWN, seen, expected)
    return Finding(DRY_RUNS, Outcome.OK, "allowed", expected)


def check_role(account: Account) -> list[Finding]:
    return [judge_simulation(simulate(account), role_arn(account.id, account.region))]


def check_calls(account: Account) -> list[Finding]:
    return [judge_calls(try_calls(account))]
