"""What `cdk bootstrap` leaves in an account and region: roles and a bucket, with a version."""

from botocore.exceptions import ClientError

from doctor.account import Account
from doctor.finding import Finding, Outcome
from doctor.refusals import code

SUBJECT = "CDK bootstrap"
VERSION_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
# Of the stacks' manifest, `requiresBootstrapStackVersion`.
LEAST_VERSION = 6


def look(account: Account) -> int | None:
    """``None`` if the account was never bootstrapped in this region."""
    try:
        return int(account.client("ssm").get_parameter(Name=VERSION_PARAMETER)["Parameter"]["Value"])
    except ClientError as error:
        if code(error) == "ParameterNotFound":
            return None
        raise


def judge(version: int | None, account_id: str, region: str) -> Finding:
    seen = "none" if version is None else f"version {version}"
    expected = f"version {LEAST_VERSION} or newer"
    if version is not None and version >= LEAST_VERSION:
        return Finding(SUBJECT, Outcome.OK, seen, expected)
    cure = f"Run `npx cdk bootstrap aws://{account_id}/{region}` once."
    return Finding(SUBJECT, Outcome.FAILURE, seen, expected, cure)


def check(account: Account) -> list[Finding]:
    return [judge(look(account), account.id, account.region)]
