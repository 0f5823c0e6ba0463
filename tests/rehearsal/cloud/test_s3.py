"""Conditional writes are refused when the condition fails, a full bucket is not deleted, and copies need a versioned
bucket."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.cloud_account import Account, resource


@pytest.fixture
def s3(account: Account) -> Any:
    client = account.client("s3")
    client.create_bucket(Bucket="state")
    return client


def test_create_only_write_is_refused_when_the_object_exists(s3: Any) -> None:
    s3.put_object(Bucket="state", Key="once", Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket="state", Key="once", Body=b"second", IfNoneMatch="*")
    assert s3.get_object(Bucket="state", Key="once")["Body"].read() == b"first"


def test_write_on_an_etag_is_refused_when_the_object_changed(s3: Any) -> None:
    first = s3.put_object(Bucket="state", Key="held", Body=b"first")["ETag"]
    s3.put_object(Bucket="state", Key="held", Body=b"second", IfMatch=first)
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket="state", Key="held", Body=b"third", IfMatch=first)
    assert s3.get_object(Bucket="state", Key="held")["Body"].read() == b"second"


def test_a_bucket_with_objects_on_another_server_is_not_deleted(account: Account) -> None:
    account.cloud.follow_objects(
        on_bucket_created=lambda _name: None,
        on_bucket_deleted=lambda _name: None,
        on_versioning=lambda _name, _status: None,
        on_access_key=lambda _id, _secret: None,
        read_object=lambda _bucket, _key: b"",
        has_objects=lambda name: name == "full",
    )
    client = account.client("s3")
    for name in ("full", "empty"):
        client.create_bucket(Bucket=name)
    client.delete_bucket(Bucket="empty")
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        client.delete_bucket(Bucket="full")
    assert [each["Name"] for each in client.list_buckets()["Buckets"]] == ["full"]


def bucket_with_a_copy(role: str = "arn:aws:iam::123456789012:role/copy") -> dict[str, Any]:
    rule = {
        "Id": "copy",
        "Priority": 1,
        "Status": "Enabled",
        "Filter": {"Prefix": "docker/"},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "Destination": {"Bucket": "arn:aws:s3:::copy"},
    }
    properties = {
        "VersioningConfiguration": {"Status": "Enabled"},
        "ReplicationConfiguration": {"Role": role, "Rules": [rule]},
    }
    return {"Resources": {"Images": resource("AWS::S3::Bucket", **properties)}}


def test_a_rule_for_a_copy_in_a_bucket_without_versions_fails_the_stack(account: Account) -> None:
    assert account.create("early", bucket_with_a_copy()) == "ROLLBACK_COMPLETE"
    assert "Destination bucket must exist. (copy)" in str(account.reasons("early", "Images"))
    s3 = account.client("s3")
    s3.create_bucket(Bucket="copy")
    assert account.create("unversioned", bucket_with_a_copy()) == "ROLLBACK_COMPLETE"
    assert "must have versioning enabled" in str(account.reasons("unversioned", "Images"))


def test_a_bucket_has_the_rules_of_its_template_and_none_without(account: Account) -> None:
    s3 = account.client("s3")
    s3.create_bucket(Bucket="copy")
    s3.put_bucket_versioning(Bucket="copy", VersioningConfiguration={"Status": "Enabled"})
    assert account.create("copied", bucket_with_a_copy()) == "CREATE_COMPLETE"
    described = account.cloudformation.describe_stack_resources(StackName="copied")["StackResources"]
    name = described[0]["PhysicalResourceId"]
    (rule,) = s3.get_bucket_replication(Bucket=name)["ReplicationConfiguration"]["Rules"]
    assert (rule["ID"], rule["Destination"]["Bucket"]) == ("copy", "arn:aws:s3:::copy")
    without = bucket_with_a_copy()
    del without["Resources"]["Images"]["Properties"]["ReplicationConfiguration"]
    assert account.update("copied", without) == "UPDATE_COMPLETE"
    with pytest.raises(ClientError, match="ReplicationConfigurationNotFoundError"):
        s3.get_bucket_replication(Bucket=name)
