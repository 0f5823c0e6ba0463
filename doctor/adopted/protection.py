"""Who can read an adopted image bucket: public access, encryption, and TLS."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from doctor.account import Account
from doctor.before import public_access
from doctor.finding import Finding, Outcome
from doctor.refusals import code

PUBLIC = "image bucket's public access"
ENCRYPTION = "image bucket's encryption"
TLS = "image bucket's TLS"


def look_at_locks(account: Account) -> frozenset[str]:
    """The switches that are on for the bucket, or for the whole account."""
    name = account.settings.image_bucket_name
    try:
        found = account.client("s3").get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    except ClientError as error:
        if code(error) != "NoSuchPublicAccessBlockConfiguration":
            raise
        found = {}
    return public_access.look(account) | {switch for switch, on in found.items() if on}


def judge_locks(on: frozenset[str], name: str) -> Finding:
    expected = "Block Public Access on"
    off = [switch for switch in public_access.SWITCHES if switch not in on]
    if not off:
        return Finding(PUBLIC, Outcome.OK, "blocked", expected)
    values = ",".join(f"{switch}=true" for switch in public_access.SWITCHES)
    cure = f"`aws s3api put-public-access-block --bucket {name} --public-access-block-configuration {values}`."
    return Finding(PUBLIC, Outcome.WARNING, f"off: {', '.join(off)}", expected, cure)


@dataclass(frozen=True, slots=True)
class Encryption:
    """``key`` is empty for a key of AWS's own."""

    algorithm: str
    key: str = ""


def look_at_encryption(account: Account) -> Encryption | None:
    name = account.settings.image_bucket_name
    try:
        answer = account.client("s3").get_bucket_encryption(Bucket=name)
    except ClientError as error:
        if code(error) == "ServerSideEncryptionConfigurationNotFoundError":
            return None
        raise
    rule = answer["ServerSideEncryptionConfiguration"]["Rules"][0]["ApplyServerSideEncryptionByDefault"]
    key = rule.get("KMSMasterKeyID", "")
    return Encryption(rule["SSEAlgorithm"], "" if key.endswith("alias/aws/s3") else key)


def judge_encryption(seen: Encryption | None, name: str, account_id: str, region: str) -> Finding:
    expected = "S3's own keys, or a key that the host may use"
    if seen is None:
        rule = '{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}'
        cure = f"`aws s3api put-bucket-encryption --bucket {name} --server-side-encryption-configuration '{rule}'`."
        return Finding(ENCRYPTION, Outcome.WARNING, "none by default", expected, cure)
    if seen.key:
        # As the policy of AWS's own key for S3.
        through_s3 = {"kms:CallerAccount": account_id, "kms:ViaService": f"s3.{region}.amazonaws.com"}
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "*",
            "Condition": {"StringEquals": through_s3},
        }
        cure = f"Add to the key's policy, unless it allows this: {json.dumps(statement)}."
        return Finding(ENCRYPTION, Outcome.WARNING, f"the key {seen.key}", expected, cure)
    return Finding(ENCRYPTION, Outcome.OK, seen.algorithm, expected)


def look_at_policy(account: Account) -> Mapping[str, Any]:
    """Empty: the bucket has none."""
    name = account.settings.image_bucket_name
    try:
        policy: Mapping[str, Any] = json.loads(account.client("s3").get_bucket_policy(Bucket=name)["Policy"])
    except ClientError as error:
        if code(error) == "NoSuchBucketPolicy":
            return {}
        raise
    return policy


def judge_policy(policy: Mapping[str, Any], name: str) -> Finding:
    expected = "a policy that refuses requests without TLS"
    if any(map(_refuses_plain_requests, policy.get("Statement", ()))):
        return Finding(TLS, Outcome.OK, "required", expected)
    bucket = f"arn:aws:s3:::{name}"
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket, f"{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    cure = f"Add to the bucket's policy: {json.dumps(statement)}."
    return Finding(TLS, Outcome.WARNING, "not required", expected, cure)


def _refuses_plain_requests(statement: Mapping[str, Any]) -> bool:
    condition = statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
    everybody = statement.get("Principal") in ("*", {"AWS": "*"})
    everything = statement.get("Action") in ("s3:*", "*", ["s3:*"])
    return statement["Effect"] == "Deny" and everybody and everything and str(condition).lower() == "false"


def check_locks(account: Account) -> list[Finding]:
    return [judge_locks(look_at_locks(account), account.settings.image_bucket_name)]


def check_encryption(account: Account) -> list[Finding]:
    name = account.settings.image_bucket_name
    return [judge_encryption(look_at_encryption(account), name, account.id, account.region)]


def check_policy(account: Account) -> list[Finding]:
    return [judge_policy(look_at_policy(account), account.settings.image_bucket_name)]
