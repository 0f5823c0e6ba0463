"""An image bucket with versions in an emulated S3, filled and damaged at moments that a test chooses."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from restore.bucket import UPLOADS_RULE, Bucket
from restore.layout import REPOSITORIES, blob_key, layer_key, revision_key, tag_key, tags_prefix

NAME = "images"
# Within the days that S3 keeps.
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=2)
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
Keys = frozenset[str]


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(slots=True)
class VersionedBucket:
    """``minute`` is the time at which the next changes happen. Keys are those below ``folder``, which has its slash."""

    s3: Any
    minute: int = 0
    folder: str = ""

    @property
    def bucket(self) -> Bucket:
        untyped: Any = boto3.client
        return Bucket(untyped("s3", region_name="us-east-1"), NAME)

    def put(self, key: str, content: bytes) -> None:
        self.s3.put_object(Bucket=NAME, Key=f"{self.folder}{key}", Body=content)
        self._happened(key)

    def delete(self, *keys: str) -> None:
        for key in keys:
            self.s3.delete_object(Bucket=NAME, Key=f"{self.folder}{key}")
            self._happened(key)

    def push(self, repository: str, tag: str, content: str) -> str:
        """As the engine writes an image of one layer; returns its digest."""
        config, layer = f"config of {content}".encode(), content.encode()
        described = [{"digest": digest_of(each), "size": len(each)} for each in (config, layer)]
        manifest = json.dumps({"mediaType": MANIFEST, "config": described[0], "layers": described[1:]}).encode()
        for blob in (config, layer):
            self.put(layer_key(repository, digest_of(blob)), digest_of(blob).encode())
        self.push_manifest(repository, tag, manifest, config, layer)
        return digest_of(manifest)

    def push_manifest(self, repository: str, tag: str, manifest: bytes, *blobs: bytes) -> None:
        digest = digest_of(manifest)
        for blob in (*blobs, manifest):
            self.put(blob_key(digest_of(blob)), blob)
        self.put(revision_key(repository, digest), digest.encode())
        self.put(f"{tags_prefix(repository)}{tag}/index/{digest.replace(':', '/')}/link", digest.encode())
        self.put(tag_key(repository, tag), digest.encode())

    def delete_below(self, prefix: str) -> None:
        self.delete(*(key for key in self.there() if key.startswith(prefix)))

    def there(self) -> Keys:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=NAME, Prefix=self.folder)
        return frozenset(each["Key"].removeprefix(self.folder) for page in pages for each in page.get("Contents", ()))

    def contents(self) -> dict[str, bytes]:
        return {key: self.s3.get_object(Bucket=NAME, Key=f"{self.folder}{key}")["Body"].read() for key in self.there()}

    def _happened(self, key: str) -> None:
        """moto's versions are as old as this process."""
        newest = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[NAME].keys.getlist(f"{self.folder}{key}")[-1]
        newest.last_modified = at(self.minute).replace(tzinfo=None)


@contextmanager
def versioned_bucket() -> Iterator[VersionedBucket]:
    with mock_aws():
        untyped: Any = boto3.client
        s3 = untyped("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=NAME)
        s3.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Enabled"})
        rules = [_expiration("history", "", 30), _expiration(UPLOADS_RULE, REPOSITORIES, 1)]
        s3.put_bucket_lifecycle_configuration(Bucket=NAME, LifecycleConfiguration={"Rules": rules})
        yield VersionedBucket(s3)


def _expiration(name: str, prefix: str, days: int) -> dict[str, Any]:
    expiration = {"NoncurrentDays": days}
    return {"ID": name, "Status": "Enabled", "Filter": {"Prefix": prefix}, "NoncurrentVersionExpiration": expiration}
