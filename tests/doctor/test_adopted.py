"""Each line about an adopted image bucket is made wrong once, in an emulated AWS."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from doctor.account import Account
from doctor.examination import ADOPTED
from doctor.finding import Finding, Outcome
from stacks.buckets import ENGINE_LINKS
from tests.support.cloud_account import REGION, running_account
from tests.support.doctor_account import Patient, patient_of
from tests.support.settings import settings

OK, WARNING, FAILURE, UNKNOWN = Outcome.OK, Outcome.WARNING, Outcome.FAILURE, Outcome.UNKNOWN
NAME = "team-images"
SWITCHES = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
HISTORY = {
    "ID": "history",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 8},
    "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
}
TLS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [f"arn:aws:s3:::{NAME}", f"arn:aws:s3:::{NAME}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}

Harm = Callable[[Any], object]
"""It breaks the bucket; the argument is boto3's client of S3."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something broken, and the line that must say so; ``seen`` and ``cure`` are parts of its text."""

    title: str
    harm: Harm
    subject: str
    outcome: Outcome
    seen: str
    cure: str
    image_bucket: str = f"{NAME}/registry"


def set_rules(*rules: dict[str, Any]) -> Harm:
    return lambda s3: s3.put_bucket_lifecycle_configuration(Bucket=NAME, LifecycleConfiguration={"Rules": [*rules]})


def set_key(s3: Any) -> None:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "arn:aws:kms:us-east-1:123456789012:key/team"}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    s3.put_bucket_encryption(Bucket=NAME, ServerSideEncryptionConfiguration=rules)


def move_images(s3: Any) -> None:
    s3.delete_object(Bucket=NAME, Key=f"registry/{ENGINE_LINKS}app/_manifests/tags/1.0/current/link")
    s3.put_object(Bucket=NAME, Key=f"{ENGINE_LINKS}app/_manifests/tags/1.0/current/link", Body=b"x")


def suspend(s3: Any) -> None:
    s3.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Suspended"})


def nothing(_: Any) -> None:
    pass


EXPIRY = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "registry/"}, "Expiration": {"Days": 90}}
ARCHIVE = {
    "ID": "cold",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}],
}
WRONG = (
    Wrong("no such bucket", nothing, "image bucket's region", FAILURE, "there is no bucket none",
          "image_bucket", "none"),
    Wrong("another region", nothing, "image bucket's region", FAILURE, "elsewhere in eu-west-1",
          "AWS_REGION=eu-west-1", "elsewhere"),
    Wrong("no folder given", nothing, "images in the bucket", FAILURE, f"but below {NAME}/registry",
          f"Set image_bucket to {NAME}/registry.", NAME),
    Wrong("a folder too many", move_images, "images in the bucket", FAILURE, f"but below {NAME}",
          f"Set image_bucket to {NAME}."),
    Wrong("no images", nothing, "images in the bucket", WARNING, "none", "begins empty", "empty"),
    Wrong("open to the public", lambda s3: s3.delete_public_access_block(Bucket=NAME), "image bucket's public access",
          WARNING, "off: BlockPublicAcls", f"put-public-access-block --bucket {NAME}"),
    Wrong("not encrypted", lambda s3: s3.delete_bucket_encryption(Bucket=NAME), "image bucket's encryption", WARNING,
          "none by default", "put-bucket-encryption"),
    Wrong("a key of one's own", set_key, "image bucket's encryption", WARNING, ":key/team", '"kms:GenerateDataKey"'),
    Wrong("no policy", lambda s3: s3.delete_bucket_policy(Bucket=NAME), "image bucket's TLS", WARNING, "not required",
          '"aws:SecureTransport": "false"'),
    Wrong("no versions", suspend, "image bucket's versions", WARNING, "Suspended", "Status=Enabled"),
    Wrong("images expire", set_rules(HISTORY, EXPIRY), "image bucket's lifecycle", FAILURE,
          "old deletes images after 90 days", "Disable the rule"),
    Wrong("images are archived", set_rules(HISTORY, ARCHIVE), "image bucket's lifecycle", FAILURE,
          "cold moves images to GLACIER", "Disable the rule"),
    Wrong("no rules", lambda s3: s3.delete_bucket_lifecycle(Bucket=NAME), "image bucket's lifecycle", WARNING,
          "cut uploads, old versions", '"DaysAfterInitiation": 8'),
)  # fmt: skip


@pytest.fixture(scope="module")
def patient() -> Iterator[Patient]:
    with running_account() as account:
        patient = patient_of(account)
        # The account's own lock would do as well as the bucket's.
        patient.client("s3control").delete_public_access_block(AccountId="123456789012")
        client = account.client("s3")
        client.create_bucket(Bucket="empty")
        client.create_bucket(Bucket="elsewhere", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield patient


@pytest.fixture
def s3(patient: Patient) -> Iterator[Any]:
    """With a bucket as the product would make it, and images in a folder."""
    client = patient.account.client("s3")
    client.create_bucket(Bucket=NAME)
    client.put_object(Bucket=NAME, Key=f"registry/{ENGINE_LINKS}app/_manifests/tags/1.0/current/link", Body=b"x")
    client.put_public_access_block(Bucket=NAME, PublicAccessBlockConfiguration=dict.fromkeys(SWITCHES, True))
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    client.put_bucket_encryption(Bucket=NAME, ServerSideEncryptionConfiguration={"Rules": [rule]})
    client.put_bucket_policy(Bucket=NAME, Policy=json.dumps({"Version": "2012-10-17", "Statement": [TLS_ONLY]}))
    client.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Enabled"})
    set_rules(HISTORY)(client)
    yield client
    for page in client.get_paginator("list_object_versions").paginate(Bucket=NAME):
        for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            client.delete_object(Bucket=NAME, Key=each["Key"], VersionId=each["VersionId"])
    client.delete_bucket(Bucket=NAME)


def line(patient: Patient, subject: str, image_bucket: str = f"{NAME}/registry") -> Finding:
    account = Account(settings(image_bucket=image_bucket), REGION, patient.client, id="123456789012")
    (check,) = (each for each in ADOPTED if each.subject == subject)
    (found,) = check.run(account)
    return found


@pytest.mark.usefixtures("s3")
def test_a_bucket_as_the_product_would_make_it_is_well(patient: Patient) -> None:
    found = patient.findings(image_bucket=f"{NAME}/registry")
    assert {found[check.subject].outcome for check in ADOPTED} == {OK}
    assert REGION in found["image bucket's region"].seen


def test_without_an_adopted_bucket_there_are_no_such_lines(patient: Patient) -> None:
    assert not {check.subject for check in ADOPTED} & set(patient.findings())


@pytest.mark.parametrize("wrong", WRONG, ids=[each.title for each in WRONG])
def test_a_line_says_what_is_wrong_and_how_to_mend_it(patient: Patient, s3: Any, wrong: Wrong) -> None:
    wrong.harm(s3)
    found = line(patient, wrong.subject, wrong.image_bucket)
    assert (found.outcome, wrong.seen in found.seen, wrong.cure in found.cure) == (wrong.outcome, True, True), found


def test_every_line_is_made_wrong_once() -> None:
    assert {wrong.subject for wrong in WRONG} == {check.subject for check in ADOPTED}


def test_a_rule_for_another_part_of_the_bucket_harms_no_image(patient: Patient, s3: Any) -> None:
    set_rules(HISTORY, {**EXPIRY, "Filter": {"Prefix": "logs/"}})(s3)
    assert line(patient, "image bucket's lifecycle").outcome == OK
