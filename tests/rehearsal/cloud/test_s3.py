"""Conditional writes are refused when the condition fails, and a full bucket is not deleted."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.cloud_account import Account


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
