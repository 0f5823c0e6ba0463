"""What an adopted image bucket keeps of deleted images, and what its own rules delete."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from doctor.account import Account
from doctor.finding import Finding, Outcome
from doctor.refusals import code
from stacks.buckets import (
    ABORT_UPLOAD_DAYS,
    ENGINE_LINKS,
    HISTORY_DAYS,
    HISTORY_RULE,
    LARGEST_LINK_BYTES,
    UPLOADS_DAYS,
    UPLOADS_RULE,
)

VERSIONS = "image bucket's versions"
RULES = "image bucket's lifecycle"
# Objects there are not readable at once. https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html
_ARCHIVES = {"GLACIER", "DEEP_ARCHIVE"}

Rule = Mapping[str, Any]


def look_at_versions(account: Account) -> str:
    """``Enabled``, ``Suspended``, or ``never enabled``."""
    name = account.settings.image_bucket_name
    return str(account.client("s3").get_bucket_versioning(Bucket=name).get("Status", "never enabled"))


def judge_versions(status: str, name: str) -> Finding:
    if status == "Enabled":
        return Finding(VERSIONS, Outcome.OK, status, "Enabled")
    cure = (
        "Without versions, `python -m restore` brings nothing back: `aws s3api put-bucket-versioning"
        f" --bucket {name} --versioning-configuration Status=Enabled`."
    )
    return Finding(VERSIONS, Outcome.WARNING, status, "Enabled", cure)


def look_at_rules(account: Account) -> Sequence[Rule]:
    name = account.settings.image_bucket_name
    try:
        found: Sequence[Rule] = account.client("s3").get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    except ClientError as error:
        if code(error) == "NoSuchLifecycleConfiguration":
            return ()
        raise
    return found


def judge_rules(rules: Sequence[Rule], name: str, folder: str) -> Finding:
    """``folder`` has its slash."""
    expected = "no image expires; cut uploads and old versions do"
    active = [rule for rule in rules if rule["Status"] == "Enabled" and _meets(rule, f"{folder}docker/")]
    if harm := "; ".join(harms for rule in active for harms in _harms(rule)):
        cure = (
            "Disable the rule, or limit it to another prefix: images share layers, so old objects belong to new images."
        )
        return Finding(RULES, Outcome.FAILURE, harm, expected, cure)
    missing = [
        what
        for what, key in (
            ("cut uploads", "AbortIncompleteMultipartUpload"),
            ("old versions", "NoncurrentVersionExpiration"),
        )
        if not any(key in rule for rule in active)
    ]
    if not missing:
        return Finding(RULES, Outcome.OK, f"{len(active)} rules, none of which deletes an image", expected)
    cure = (
        f"`aws s3api put-bucket-lifecycle-configuration --bucket {name} --lifecycle-configuration"
        f" '{json.dumps({'Rules': [*_rules(folder)]})}'`"
    )
    cure += f"; it replaces the {len(rules)} rules that are there, so add those." if rules else "."
    return Finding(RULES, Outcome.WARNING, f"kept and paid for ever: {', '.join(missing)}", expected, cure)


def _meets(rule: Rule, prefix: str) -> bool:
    chosen = rule.get("Filter", rule)
    of_rule = str(chosen.get("And", chosen).get("Prefix", ""))
    return of_rule.startswith(prefix) or prefix.startswith(of_rule)


def _harms(rule: Rule) -> Iterator[str]:
    title, ends = rule.get("ID", "a rule"), rule.get("Expiration", {})
    if "Days" in ends:
        yield f"{title} deletes images after {ends['Days']} days"
    if "Date" in ends:
        yield f"{title} deletes images on {ends['Date']:%Y-%m-%d}"
    for move in rule.get("Transitions", ()):
        if move["StorageClass"] in _ARCHIVES:
            yield f"{title} moves images to {move['StorageClass']}"


def _rules(folder: str) -> Iterator[Rule]:
    """As the storage stack's own bucket has them."""
    yield {
        "ID": HISTORY_RULE,
        "Status": "Enabled",
        "Filter": {"Prefix": folder},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABORT_UPLOAD_DAYS},
        "Expiration": {"ExpiredObjectDeleteMarker": True},
        "NoncurrentVersionExpiration": {"NoncurrentDays": HISTORY_DAYS},
    }
    yield {
        "ID": UPLOADS_RULE,
        "Status": "Enabled",
        "Filter": {"And": {"Prefix": f"{folder}{ENGINE_LINKS}", "ObjectSizeGreaterThan": LARGEST_LINK_BYTES}},
        "NoncurrentVersionExpiration": {"NoncurrentDays": UPLOADS_DAYS},
    }


def check_versions(account: Account) -> list[Finding]:
    return [judge_versions(look_at_versions(account), account.settings.image_bucket_name)]


def check_rules(account: Account) -> list[Finding]:
    settings = account.settings
    return [judge_rules(look_at_rules(account), settings.image_bucket_name, settings.image_folder)]
