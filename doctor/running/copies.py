"""Whether S3 copies the images to the other region (setting replica_region), by a random sample of them."""

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from doctor.account import Account
from doctor.finding import CouldNotLookError, Finding, Outcome
from doctor.refusals import code

SUBJECT = "copies in the other region"
# Their names are digests, so the first in the list are as random as any.
SAMPLED, BELOW = 20, "docker/registry/v2/blobs/"
# S3 copies most objects within 15 minutes. https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html
LONGEST = timedelta(hours=1)
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-status.html
DONE, WAITING, FAILED, NEVER = "COMPLETED", "PENDING", "FAILED", "never asked for"


def look(account: Account, now: datetime) -> list[str] | None:
    """The state of each sampled image that is old enough; None: the bucket has no rules."""
    storage = account.deployment.stack("storage")
    if storage is None:
        raise CouldNotLookError("skipped: there is no storage stack")
    s3, name = account.client("s3"), storage.outputs["ImageBucket"]
    try:
        s3.get_bucket_replication(Bucket=name)
    except ClientError as error:
        if code(error) == "ReplicationConfigurationNotFoundError":
            return None
        raise
    page = s3.list_objects_v2(Bucket=name, Prefix=BELOW, MaxKeys=SAMPLED)
    keys = [each["Key"] for each in page.get("Contents", ()) if each["LastModified"] < now - LONGEST]
    with ThreadPoolExecutor(SAMPLED) as pool:
        return list(pool.map(lambda key: _state(s3, name, key), keys))


def _state(s3: Any, bucket: str, key: str) -> str:
    return str(s3.head_object(Bucket=bucket, Key=key).get("ReplicationStatus", NEVER))


def judge(states: Iterable[str] | None, region: str) -> Finding:
    expected = f"in {region} within {LONGEST // timedelta(hours=1)} hour"
    if states is None:
        cure = f"Deploy with replica_region {region}: the bucket has no rules."
        return Finding(SUBJECT, Outcome.WARNING, "nothing is copied", expected, cure)
    counted = Counter(states)
    seen = f"of {counted.total()} sampled objects, {counted[DONE]} copied"
    seen += "".join(f", {counted[each]} {each}" for each in (WAITING, FAILED, NEVER) if counted[each])
    if counted[DONE] == counted.total():
        return Finding(SUBJECT, Outcome.OK, seen, expected)
    cure = (
        "S3 copies by itself neither what failed nor what was there before the rules: copy it once, as"
        " docs/recovery.md#from-the-copy-alone says."
    )
    return Finding(SUBJECT, Outcome.WARNING, seen, expected, cure)


def check(account: Account) -> list[Finding]:
    region = account.settings.replica_region
    return [judge(look(account, datetime.now(UTC)), region)] if region else []
