"""S3's copies in another region, in an emulated account that holds the objects itself."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.inside.internet.replication import LONGEST_SECONDS, Replication
from tests.support.cloud_account import Account, allow, document, role, running_account

SOURCE, COPY = "arn:aws:s3:::images", "arn:aws:s3:::copy"
MAY = (
    allow(["s3:GetReplicationConfiguration", "s3:ListBucket"], SOURCE),
    allow(["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl"], f"{SOURCE}/docker/*"),
    allow(["s3:ReplicateObject", "s3:ReplicateDelete"], f"{COPY}/docker/*"),
)


@pytest.fixture(scope="module")
def copying() -> Iterator["Copying"]:
    """With something in the bucket from before the rule."""
    with running_account() as running:
        s3 = running.client("s3")
        for name in ("images", "copy"):
            s3.create_bucket(Bucket=name)
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        s3.put_object(Bucket="images", Key="docker/before", Body=b"before")
        running.create("roles", {"Resources": {"Role": role("s3.amazonaws.com", *MAY)}})
        (found,) = running.cloudformation.describe_stack_resources(StackName="roles")["StackResources"]
        rule = {
            "ID": "copy",
            "Priority": 1,
            "Status": "Enabled",
            "Filter": {"Prefix": "docker/"},
            "DeleteMarkerReplication": {"Status": "Enabled"},
            "Destination": {"Bucket": COPY},
        }
        arn = running.client("iam").get_role(RoleName=found["PhysicalResourceId"])["Role"]["Arn"]
        s3.put_bucket_replication(Bucket="images", ReplicationConfiguration={"Role": arn, "Rules": [rule]})
        yield Copying(running)


class Copying:
    """Looks by a clock of its own."""

    def __init__(self, account: Account) -> None:
        self.s3 = account.client("s3")
        self.said: list[str] = []
        self._replication = Replication(account.cloud, lambda _bucket: self.s3, self.said.append)
        (self._rule,) = account.cloud.copy_rules()
        self._now = 0.0
        self.look()

    def look(self, *, later: float = 0.0) -> None:
        self._now += later
        self._replication.look(self._rule, self._now)

    def settle(self) -> None:
        """A look finds what happened; a later one copies the first event of each key, and finds the next."""
        for _ in range(6):
            self.look(later=LONGEST_SECONDS)

    def copies(self, prefix: str) -> dict[str, bytes]:
        found = self.s3.list_objects_v2(Bucket="copy", Prefix=prefix).get("Contents", ())
        return {each["Key"]: self.s3.get_object(Bucket="copy", Key=each["Key"])["Body"].read() for each in found}


def put(copying: Copying, key: str, content: bytes) -> None:
    copying.s3.put_object(Bucket="images", Key=key, Body=content)


def test_what_is_written_is_there_later_and_not_what_was_there_before(copying: Copying) -> None:
    put(copying, "docker/new", b"new")
    put(copying, "health/new", b"not below the prefix")
    copying.look()
    assert copying.copies("") == {}
    copying.settle()
    assert copying.copies("") == {"docker/new": b"new"}


def test_every_version_and_every_deletion_of_a_key_comes_in_its_order(copying: Copying) -> None:
    for content in (b"1", b"2"):
        put(copying, "docker/tag", content)
    copying.s3.delete_object(Bucket="images", Key="docker/tag")
    copying.settle()
    assert copying.copies("docker/tag") == {}
    versions = copying.s3.list_object_versions(Bucket="copy", Prefix="docker/tag")
    assert (len(versions["Versions"]), len(versions["DeleteMarkers"])) == (2, 1)
    assert versions["DeleteMarkers"][0]["IsLatest"]


def test_the_deletion_of_a_version_is_not_copied(copying: Copying) -> None:
    put(copying, "docker/kept", b"kept")
    copying.settle()
    (version,) = copying.s3.list_object_versions(Bucket="images", Prefix="docker/kept")["Versions"]
    copying.s3.delete_object(Bucket="images", Key="docker/kept", VersionId=version["VersionId"])
    copying.settle()
    assert copying.copies("docker/kept") == {"docker/kept": b"kept"}
    put(copying, "docker/kept", b"newer")
    copying.settle()
    assert copying.copies("docker/kept") == {"docker/kept": b"newer"}


def test_a_copy_that_refuses_gets_nothing_and_nothing_of_it_later(copying: Copying) -> None:
    refusal: dict[str, Any] = {**allow("s3:ReplicateObject", f"{COPY}/*"), "Effect": "Deny", "Principal": "*"}
    copying.s3.put_bucket_policy(Bucket="copy", Policy=json.dumps(document(refusal)))
    put(copying, "docker/refused", b"new")
    copying.settle()
    copying.s3.delete_bucket_policy(Bucket="copy")
    put(copying, "docker/refused-no-more", b"later")
    copying.settle()
    assert copying.copies("docker/refused") == {"docker/refused-no-more": b"later"}
    assert "s3:ReplicateObject" in copying.said[0]
