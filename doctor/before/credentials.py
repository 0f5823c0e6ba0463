"""Who deploys, and where."""

from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from doctor.account import DEFAULT_REGION, Account
from doctor.finding import Finding, Outcome
from doctor.refusals import sentence

SUBJECT = "credentials"
_EXPECTED = "keys that AWS accepts"
_CURE = "Run `aws configure` or `aws sso login`, or set AWS_PROFILE."


@dataclass(frozen=True, slots=True)
class Identity:
    account_id: str = ""
    arn: str = ""
    problem: str = ""


def look(account: Account) -> Identity:
    """Nobody can be denied this call. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"""
    try:
        answer = account.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        return Identity(problem=sentence(error))
    return Identity(answer["Account"], answer["Arn"])


def judge(identity: Identity, region: str) -> list[Finding]:
    if identity.problem:
        return [Finding(SUBJECT, Outcome.FAILURE, identity.problem, _EXPECTED, _CURE)]
    who = Finding(SUBJECT, Outcome.OK, f"{identity.arn} in account {identity.account_id}", _EXPECTED)
    if region:
        return [who, Finding("region", Outcome.OK, region, "the region of your choice")]
    cure = f"`cdk deploy` would take {DEFAULT_REGION}. Set AWS_REGION, or run `aws configure`."
    return [who, Finding("region", Outcome.WARNING, "none is set", "the region of your choice", cure)]
