"""The adopted image bucket: where it is, and whether the images of an older registry are in its folder."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from doctor.account import Account
from doctor.finding import Finding, Outcome
from doctor.refusals import code
from stacks.buckets import ENGINE_LINKS

REGION = "image bucket's region"
IMAGES = "images in the bucket"
# Of a bucket with more folders than this nobody lists all.
_MOST_FOLDERS = 20


def look_for_region(account: Account) -> str | None:
    """None: there is no such bucket."""
    try:
        found = account.client("s3").get_bucket_location(Bucket=account.settings.image_bucket_name)
    except ClientError as error:
        if code(error) == "NoSuchBucket":
            return None
        raise
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
    named = str(found.get("LocationConstraint") or "us-east-1")
    return "eu-west-1" if named == "EU" else named


def judge_region(seen: str | None, wanted: str, name: str) -> Finding:
    expected = f"{name} in {wanted}"
    if seen is None:
        cure = "Correct image_bucket, or leave it empty for a new bucket."
        return Finding(REGION, Outcome.FAILURE, f"there is no bucket {name}", expected, cure)
    if seen != wanted:
        cure = f"Deploy in {seen} (AWS_REGION={seen}), or copy the bucket with `aws s3 sync`."
        return Finding(REGION, Outcome.FAILURE, f"{name} in {seen}", expected, cure)
    return Finding(REGION, Outcome.OK, f"{name} in {seen}", expected)


@dataclass(frozen=True, slots=True)
class Content:
    """``elsewhere`` are other folders of the bucket that have images, empty for the bucket itself."""

    has_images: bool
    elsewhere: tuple[str, ...] = ()


def look_for_images(account: Account) -> Content:
    s3, name = account.client("s3"), account.settings.image_bucket_name
    if _has_images(s3, name, account.settings.image_folder):
        return Content(has_images=True)
    page = s3.list_objects_v2(Bucket=name, Delimiter="/")
    folders = ["", *(each["Prefix"] for each in page.get("CommonPrefixes", ()))][:_MOST_FOLDERS]
    return Content(has_images=False, elsewhere=tuple(each for each in folders if _has_images(s3, name, each)))


def _has_images(s3: Any, name: str, folder: str) -> bool:
    return bool(s3.list_objects_v2(Bucket=name, Prefix=f"{folder}{ENGINE_LINKS}", MaxKeys=1)["KeyCount"])


def judge_images(seen: Content, name: str, folder: str) -> Finding:
    """``folder`` has its slash."""
    expected = f"some below s3://{name}/{folder}{ENGINE_LINKS}"
    if seen.has_images:
        return Finding(IMAGES, Outcome.OK, "some", expected)
    if seen.elsewhere:
        places = [f"{name}/{each}".rstrip("/") for each in seen.elsewhere]
        cure = f"Set image_bucket to {' or '.join(places)}."
        return Finding(IMAGES, Outcome.FAILURE, f"none there, but below {', '.join(places)}", expected, cure)
    cure = "The registry begins empty. If there should be images, add the old registry's rootdirectory to image_bucket."
    return Finding(IMAGES, Outcome.WARNING, "none", expected, cure)


def check_region(account: Account) -> list[Finding]:
    return [judge_region(look_for_region(account), account.region, account.settings.image_bucket_name)]


def check_images(account: Account) -> list[Finding]:
    settings = account.settings
    return [judge_images(look_for_images(account), settings.image_bucket_name, settings.image_folder)]
