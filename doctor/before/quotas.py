"""The account's quotas for what a deployment adds: a VPC with its internet gateway, and an Elastic IP."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from doctor.account import Account
from doctor.finding import Finding, Outcome
from doctor.refusals import code


@dataclass(frozen=True, slots=True)
class Kind:
    """``service`` and ``quota`` are AWS's codes, the same in every account and region.

    https://docs.aws.amazon.com/general/latest/gr/vpc-service.html, …/ec2-service.html
    """

    subject: str
    service: str
    quota: str
    stack: str
    """The stack that adds one."""

    count: Callable[[Any], int]
    """From EC2's client to the number in use."""


KINDS = (
    Kind("VPCs", "vpc", "L-F678F1CE", "host", lambda ec2: len(ec2.describe_vpcs()["Vpcs"])),
    Kind(
        "internet gateways",
        "vpc",
        "L-A4707A72",
        "host",
        lambda ec2: len(ec2.describe_internet_gateways()["InternetGateways"]),
    ),
    Kind("Elastic IPs", "ec2", "L-0263D0A3", "dns", lambda ec2: len(ec2.describe_addresses()["Addresses"])),
)


@dataclass(frozen=True, slots=True)
class Use:
    kind: Kind
    used: int
    limit: int
    needed: int


def look(account: Account, kind: Kind) -> Use:
    quotas = account.client("service-quotas")
    wanted = {"ServiceCode": kind.service, "QuotaCode": kind.quota}
    try:
        answer = quotas.get_service_quota(**wanted)
    except ClientError as error:
        # A quota that was never changed may be unknown by account, and has AWS's default.
        if code(error) != "NoSuchResourceException":
            raise
        answer = quotas.get_aws_default_service_quota(**wanted)
    needed = 0 if account.deployment.stack(kind.stack) else 1
    return Use(kind, kind.count(account.client("ec2")), int(answer["Quota"]["Value"]), needed)


def judge(use: Use, region: str) -> Finding:
    seen = f"{use.used} of {use.limit} in use"
    expected = "one free" if use.needed else "the registry's own among them"
    if use.used + use.needed <= use.limit:
        return Finding(use.kind.subject, Outcome.OK, seen, expected)
    cure = (
        f"Delete one that nobody needs, or ask for a higher quota: `aws service-quotas"
        f" request-service-quota-increase --service-code {use.kind.service} --quota-code {use.kind.quota}"
        f" --desired-value {use.limit + 1} --region {region}`."
    )
    return Finding(use.kind.subject, Outcome.FAILURE, seen, expected, cure)


def check(account: Account) -> list[Finding]:
    return [judge(look(account, kind), account.region) for kind in KINDS]
