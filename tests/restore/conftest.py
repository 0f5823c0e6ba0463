from collections.abc import Iterator

import pytest

from tests.support.versioned_bucket import VersionedBucket, versioned_bucket


@pytest.fixture
def images(monkeypatch: pytest.MonkeyPatch) -> Iterator[VersionedBucket]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with versioned_bucket() as bucket:
        yield bucket
