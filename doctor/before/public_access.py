"""The account's own lock against public buckets."""

from botocore.exceptions import ClientError

from doctor.account import Account
from doctor.finding import Finding, Outcome
from doctor.refusals import code

SUBJECT = "S3 Block Public Access"
SWITCHES = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def look(account: Account) -> frozenset[str]:
    """The switches that are on for the whole account."""
    try:
        found = account.client("s3control").get_public_access_block(AccountId=account.id)
    except ClientError as error:
        if code(error) == "NoSuchPublicAccessBlockConfiguration":
            return frozenset()
        raise
    return frozenset(name for name, on in found["PublicAccessBlockConfiguration"].items() if on)


def judge(on: frozenset[str], account_id: str) -> Finding:
    expected = "all four switches on for the account"
    off = [name for name in SWITCHES if name not in on]
    if not off:
        return Finding(SUBJECT, Outcome.OK, "on", expected)
    values = ",".join(f"{name}=true" for name in SWITCHES)
    cure = (
        "The registry's buckets are locked by themselves; other buckets are not. Turn it on: `aws s3control"
        f" put-public-access-block --account-id {account_id} --public-access-block-configuration {values}`."
    )
    return Finding(SUBJECT, Outcome.WARNING, f"off: {', '.join(off)}", expected, cure)


def check(account: Account) -> list[Finding]:
    return [judge(look(account), account.id)]
