"""Whoever writes an object on a condition is refused when somebody else was quicker."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.cloud_account import running_account


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with running_account() as account:
        client = account.client("s3")
        client.create_bucket(Bucket="state")
        yield client


def test_an_object_that_is_there_is_not_made_again(s3: Any) -> None:
    s3.put_object(Bucket="state", Key="once", Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket="state", Key="once", Body=b"second", IfNoneMatch="*")
    assert s3.get_object(Bucket="state", Key="once")["Body"].read() == b"first"


def test_an_object_is_changed_only_by_whoever_has_read_it_last(s3: Any) -> None:
    first = s3.put_object(Bucket="state", Key="held", Body=b"first")["ETag"]
    s3.put_object(Bucket="state", Key="held", Body=b"second", IfMatch=first)
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket="state", Key="held", Body=b"third", IfMatch=first)
    assert s3.get_object(Bucket="state", Key="held")["Body"].read() == b"second"
