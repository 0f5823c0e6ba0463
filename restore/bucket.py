"""The calls to S3 that a restore makes, each of them counted."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from restore.plan import History, Version

THREADS = 32
# Of one DeleteObjects. https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
MOST_DELETIONS = 1000
# The storage stack's rule for what finished uploads leave behind, which no restore needs.
UPLOADS_RULE = "finished-uploads"
CONFIG = Config(
    max_pool_connections=THREADS,
    # S3 answers a copy of some gigabytes when it has ended.
    read_timeout=300,
    retries={"mode": "standard", "total_max_attempts": 6},
)
# boto3 copies what is larger in parts: CopyObject takes 5 GB at most. The threads are ours.
_COPY = TransferConfig(multipart_threshold=1 << 30, multipart_chunksize=1 << 28, use_threads=False)

T = TypeVar("T")
R = TypeVar("R")


class RefusedError(Exception):
    """S3 refused single deletions; the text names the first."""


@dataclass(slots=True)
class Bucket:
    """``s3`` is boto3's client; ``requests`` counts what was sent to S3, by operation, repetitions included. Keys are
    those below ``folder``, which has its slash."""

    s3: Any
    name: str
    folder: str = ""
    requests: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.s3.meta.events.register("before-send.s3", self._count)

    @property
    def address(self) -> str:
        return f"s3://{self.name}/{self.folder}".rstrip("/")

    def _count(self, event_name: str, **_: object) -> None:
        with self._lock:
            self.requests[event_name.rpartition(".")[2]] += 1

    def histories(self, prefix: str) -> Iterator[History]:
        pages = self.s3.get_paginator("list_object_versions").paginate(
            Bucket=self.name, Prefix=f"{self.folder}{prefix}"
        )
        return _by_key(pages, len(self.folder))

    def history(self, key: str) -> History:
        return next((each for each in self.histories(key) if each.key == key), History(key, ()))

    def folders(self, prefix: str) -> list[str]:
        """The folders right below, those whose objects were all deleted included."""
        pages = self.s3.get_paginator("list_object_versions").paginate(
            Bucket=self.name, Prefix=f"{self.folder}{prefix}", Delimiter="/"
        )
        return [each["Prefix"].removeprefix(self.folder) for page in pages for each in page.get("CommonPrefixes", ())]

    def is_larger_than_a_page(self, prefix: str) -> bool:
        page: Mapping[str, bool] = self.s3.list_object_versions(Bucket=self.name, Prefix=f"{self.folder}{prefix}")
        return page["IsTruncated"]

    def has(self, key: str) -> bool:
        try:
            self.s3.head_object(Bucket=self.name, Key=f"{self.folder}{key}")
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
                return False
            raise
        return True

    def read(self, key: str, version: Version) -> bytes:
        found = self.s3.get_object(Bucket=self.name, Key=f"{self.folder}{key}", VersionId=version.id)
        content: bytes = found["Body"].read()
        return content

    def remove_markers(self, markers: Iterable[tuple[str, str]]) -> None:
        """By key and version id. Raises RefusedError."""
        objects = [{"Key": f"{self.folder}{key}", "VersionId": version_id} for key, version_id in markers]
        answer = self.s3.delete_objects(Bucket=self.name, Delete={"Objects": objects, "Quiet": True})
        if errors := answer.get("Errors"):
            first = errors[0]
            raise RefusedError(
                f"S3 refused {len(errors)} of {len(objects)} deletions of markers, the first of {first['Key']}:"
                f" {first['Message']} ({first['Code']})"
            )

    def copy_over(self, key: str, version: Version) -> None:
        """Make a copy of an old version the current one."""
        place = f"{self.folder}{key}"
        source = {"Bucket": self.name, "Key": place, "VersionId": version.id}
        self.s3.copy(source, self.name, place, Config=_COPY)

    def days_kept(self) -> int | None:
        """The days for which S3 keeps an old version of anything; None: for ever."""
        try:
            rules = self.s3.get_bucket_lifecycle_configuration(Bucket=self.name)["Rules"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchLifecycleConfiguration":
                return None
            raise
        days = (
            rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
            for rule in rules
            if rule["Status"] == "Enabled" and "NoncurrentVersionExpiration" in rule and rule["ID"] != UPLOADS_RULE
        )
        return min(days, default=None)

    def is_versioned(self) -> bool:
        return bool(self.s3.get_bucket_versioning(Bucket=self.name).get("Status") == "Enabled")


def in_parallel(work: Callable[[T], R], things: Iterable[T]) -> list[R]:
    """With a bounded number of threads. Raises the first error, after the work that has begun."""
    with ThreadPoolExecutor(THREADS) as pool:
        pending = [pool.submit(work, each) for each in things]
        try:
            return [each.result() for each in pending]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _by_key(pages: Iterable[Mapping[str, Any]], skipped: int) -> Iterator[History]:
    """S3 lists the versions of a key one after the other, perhaps on two pages or more. ``skipped`` are the first
    characters of each key, which name the folder."""
    waiting: dict[str, list[tuple[bool, Version]]] = {}
    for page in pages:
        for is_marker, rows in ((False, page.get("Versions", ())), (True, page.get("DeleteMarkers", ()))):
            for row in rows:
                waiting.setdefault(row["Key"], []).append((row["IsLatest"], _version(row, is_marker=is_marker)))
        unfinished = page.get("NextKeyMarker")
        for key in [each for each in waiting if each != unfinished]:
            yield _history(key[skipped:], waiting.pop(key))
    for key, found in waiting.items():
        yield _history(key[skipped:], found)


def _version(row: Mapping[str, Any], *, is_marker: bool) -> Version:
    size, etag = row.get("Size", 0), row.get("ETag", "").strip('"')
    return Version(row["VersionId"], row["LastModified"], is_marker, size, etag)


def _history(key: str, found: list[tuple[bool, Version]]) -> History:
    """Of two versions in one second, the current one is the newer, and else the delete marker."""
    ordered = sorted(found, key=lambda each: (each[0], each[1].modified, each[1].is_marker), reverse=True)
    return History(key, tuple(version for _, version in ordered))
