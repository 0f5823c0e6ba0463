"""Seconds and S3 requests until what people deleted is back, in the rehearsal that is up."""

import argparse
import hashlib
import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bench import page
from bench.page import Target
from rehearsal.age.bucket import REPOSITORIES, ROOT
from rehearsal.age.fill import fill_world, image_bucket
from rehearsal.age.plan import TAGS
from rehearsal.contract import product
from rehearsal.error import RehearsalError
from rehearsal.machine.root_layers import Say
from rehearsal.machine.workplace import Workplace
from rehearsal.outside import own_command
from rehearsal.outside.world import World

REPOSITORY, ANOTHER = "team/restored", "team/another"
IMAGES = -(-1000 // TAGS)
BELOW = f"{REPOSITORIES}/{REPOSITORY}/"
MOST_SECONDS = 60
READERS = 16
COUNTED = re.compile(r"([\d,]+) requests to S3")

Contents = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Images:
    s3: Any
    bucket: str

    def keys(self, prefix: str = "") -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [each["Key"] for page in pages for each in page.get("Contents", ())]

    def contents(self) -> Contents:
        """The digest of every object, but for uploads that never ended: nothing brings them back."""
        keys = [key for key in self.keys() if "/_uploads/" not in key]
        with ThreadPoolExecutor(READERS) as pool:
            return dict(zip(keys, pool.map(self._digest, keys), strict=True))

    def _digest(self, key: str) -> str:
        return hashlib.sha256(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()).hexdigest()

    def delete(self, prefix: str) -> None:
        keys = self.keys(prefix)
        for first in range(0, len(keys), 1000):
            objects = [{"Key": key} for key in keys[first : first + 1000]]
            self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": objects, "Quiet": True})


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    """Returns whether everything came back in time."""
    world = World.running(Workplace.of_this_machine())
    images = Images(world.aws("s3"), image_bucket(world))
    fill_world(world, {REPOSITORY: IMAGES, ANOTHER: IMAGES})
    before = images.contents()
    tags = sum(key.startswith(f"{BELOW}_manifests/tags/") and key.endswith("/current/link") for key in before)
    one = next(key.split("/")[-3] for key in before if key.startswith(BELOW) and key.endswith("/current/link"))
    mishaps: dict[str, tuple[Callable[[], None], list[str]]] = {
        f"one tag of {tags:,} is deleted": (
            lambda: images.delete(f"{BELOW}_manifests/tags/{one}/"),
            ["--repository", REPOSITORY, "--tag", one],
        ),
        f"a repository of {tags:,} tags is deleted": (lambda: images.delete(BELOW), ["--repository", REPOSITORY]),
        "every blob of the bucket is deleted": (lambda: images.delete(f"{ROOT}/blobs/"), []),
        "every object of the bucket is deleted": (lambda: images.delete(""), []),
    }
    rows, seconds, wrong = [], [], 0
    for what, (happens, scope) in mishaps.items():
        # S3 tells times in whole seconds.
        time.sleep(1.1)
        as_of = datetime.now(UTC)
        happens()
        gone = len(before.keys() - set(images.keys()))
        took, read, written = _restore(world, as_of, scope)
        after = images.contents()
        differing = sum(after.get(key) != digest for key, digest in before.items())
        wrong += differing
        seconds.append(took)
        rows.append([what, f"{gone:,}", f"{took:.1f}", f"{read:,}", f"{written:,}", str(differing)])
        say(" | ".join(rows[-1]))
    header = ("mishap", "objects gone", "seconds", "requests of the plan", "of the restore", "objects not as before")
    targets = [
        Target(f"a repository of {tags:,} tags, and a bucket: seconds", MOST_SECONDS, seconds[1:], unit=" s"),
        Target("objects that are not as they were", 0, [wrong]),
    ]
    title = f"A bucket of {len(before):,} objects"
    return page.report(arguments.output, "restore", {title: page.table(header, rows)}, targets)


def _restore(world: World, as_of: datetime, scope: list[str]) -> tuple[float, int, int]:
    """The seconds of the whole command, and its requests. Raises RehearsalError: it failed."""
    began = time.monotonic()
    done = own_command.run(world, *product.RESTORE, "--as-of", as_of.isoformat(), "--yes", *scope)
    took = time.monotonic() - began
    counted = [int(number.replace(",", "")) for number in COUNTED.findall(done.stdout)]
    if done.returncode or len(counted) != 2:
        raise RehearsalError(f"the restore failed:\n{done.stdout}{done.stderr}")
    return took, counted[0], counted[1]
