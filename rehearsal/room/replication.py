"""S3's replication of one bucket to another, which can be cut at any moment: a region is lost.

As S3 does it (https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html): later and in any order, but for
the versions of one key; with delete markers; each object whole or not at all; nothing of what existed before the rule;
and no deletion of a version. ``python -m rehearsal.room.replication SOURCE COPY`` does it once.
"""

import argparse
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config


@dataclass(frozen=True, slots=True)
class Event:
    """A version that was written, or a deletion: a delete marker."""

    key: str
    version_id: str
    is_deletion: bool


def events(s3: Any, bucket: str, prefix: str, since: datetime | None) -> list[list[Event]]:
    """Of each key in their order. In one second the current version is the last, and versitygw's ids grow."""
    found: dict[str, list[tuple[datetime, bool, str, Event]]] = {}
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for is_deletion, rows in ((False, page.get("Versions", ())), (True, page.get("DeleteMarkers", ()))):
            for row in rows:
                if since is None or row["LastModified"] >= since:
                    event = Event(row["Key"], row["VersionId"], is_deletion)
                    found.setdefault(row["Key"], []).append(
                        (row["LastModified"], row["IsLatest"], row["VersionId"], event)
                    )
    return [[event for *_, event in sorted(of_key, key=lambda each: each[:3])] for of_key in found.values()]


def shuffled(of_keys: Sequence[Sequence[Event]], chance: random.Random) -> Iterator[Event]:
    """In any order, but for those of one key."""
    waiting = [list(of_key) for of_key in of_keys]
    while waiting:
        chosen = chance.randrange(len(waiting))
        yield waiting[chosen].pop(0)
        if not waiting[chosen]:
            waiting.pop(chosen)


def replicate(s3: Any, event: Event, source: str, copy: str) -> None:
    if event.is_deletion:
        s3.delete_object(Bucket=copy, Key=event.key)
        return
    version: Mapping[str, str] = {"Bucket": source, "Key": event.key, "VersionId": event.version_id}
    s3.copy_object(Bucket=copy, Key=event.key, CopySource=version)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.room.replication", description=__doc__)
    parser.add_argument("source")
    parser.add_argument("copy")
    parser.add_argument("--prefix", default="", help="the rule's")
    parser.add_argument("--since", type=datetime.fromisoformat, help="when the rule was made; default: before all")
    parser.add_argument(
        "--share", type=float, default=1.0, help="of all events before the region was lost (default: 1)"
    )
    parser.add_argument("--seed", type=int, default=0, help="another one is another order")
    given = parser.parse_args(arguments)
    untyped: Any = boto3.client
    s3 = untyped("s3", config=Config(s3={"addressing_style": "path"}))
    of_keys = events(s3, given.source, given.prefix, given.since)
    total = sum(map(len, of_keys))
    arrived = list(shuffled(of_keys, random.Random(given.seed)))[: int(given.share * total)]  # noqa: S311
    for event in arrived:
        replicate(s3, event, given.source, given.copy)
    print(f"{len(arrived)} of {total} arrived")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
