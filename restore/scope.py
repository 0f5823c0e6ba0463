"""What of the bucket a restore is about, and the plan for it."""

import difflib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from restore.bucket import Bucket, in_parallel
from restore.layout import (
    BLOBS,
    REPOSITORIES,
    ROOT,
    Kind,
    blob_key,
    layer_key,
    layers_prefix,
    manifests_prefix,
    part_of,
    revision_key,
    tag_key,
    tags_prefix,
)
from restore.plan import Change, History, Plan, change_to, plan

# The functions write their memory, which is beside it, anew by themselves.
CERTIFICATES = "letsencrypt/"


class NothingThereError(Exception):
    """The bucket had no such thing at that moment; the text names similar ones."""


@dataclass(slots=True)
class Found:
    """``changes`` bring objects back as they were, ``digests`` are of the content that they need."""

    changes: list[Change] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    digests: set[str] = field(default_factory=set)
    objects: int = 0
    _lock: Lock = field(default_factory=Lock)

    def add(self, history: History, moment: datetime) -> None:
        part, wanted = part_of(history.key), history.as_of(moment)
        if wanted is None:
            return
        change = change_to(wanted, history)
        with self._lock:
            self.objects += 1
            self.changes += [change] if change else []
            if part and part.kind in (Kind.LAYER, Kind.REVISION):
                self.digests.add(part.digest)

    def add_content(self, history: History) -> None:
        """An object whose name is its content, so any version of it does."""
        newest = history.newest()
        change = change_to(newest, history) if newest else None
        with self._lock:
            self.changes += [change] if change else []
            self.lost += [] if newest else [history.key]


def of_whole_bucket(bucket: Bucket, moment: datetime, *, only_missing: bool) -> Plan:
    """Raises NothingThereError: it held no image."""
    found = Found()
    prefixes = [ROOT]
    if bucket.is_larger_than_a_page(ROOT):
        # S3 lists 1,000 versions a page, one page after the other: a million at once take minutes.
        algorithms = bucket.folders(BLOBS)
        prefixes = [each for folder in (*algorithms, REPOSITORIES) for each in bucket.folders(folder)]
    in_parallel(lambda prefix: _add(found, _of_images(bucket.histories(prefix)), moment), prefixes)
    if not found.objects:
        raise NothingThereError(f"{bucket.address} held no image at that time")
    return plan(found.changes, only_missing=only_missing)


def of_repository(bucket: Bucket, repository: str, moment: datetime, *, only_missing: bool) -> Plan:
    """With the blobs that it needs. Raises NothingThereError: the repository held nothing."""
    found = Found()
    prefixes = (layers_prefix(repository), manifests_prefix(repository))
    in_parallel(lambda prefix: _add(found, _of_images(bucket.histories(prefix)), moment), prefixes)
    if not found.objects:
        raise NothingThereError(_no_repository(bucket, repository))
    in_parallel(lambda digest: _ensure(bucket, found, blob_key(digest)), found.digests)
    return plan(found.changes, found.lost, only_missing=only_missing)


def of_tag(bucket: Bucket, repository: str, tag: str, moment: datetime, *, only_missing: bool) -> Plan:
    """With everything that its image needs. Raises NothingThereError: there was no such tag."""
    found = Found()
    histories = list(_of_images(bucket.histories(f"{tags_prefix(repository)}{tag}/")))
    current = next((each for each in histories if each.key == tag_key(repository, tag)), None)
    named = current.as_of(moment) if current else None
    if named is None:
        raise NothingThereError(_no_tag(bucket, repository, tag))
    _add(found, histories, moment)
    _follow(bucket, found, repository, bucket.read(tag_key(repository, tag), named).decode())
    return plan(found.changes, found.lost, only_missing=only_missing)


def of_certificates(bucket: Bucket, moment: datetime, *, only_missing: bool) -> Plan:
    """Raises NothingThereError: none was saved."""
    found = Found()
    _add(found, bucket.histories(CERTIFICATES), moment)
    if not found.objects:
        raise NothingThereError(f"{bucket.address} held no saved certificate at that time")
    return plan(found.changes, only_missing=only_missing)


def _add(found: Found, histories: Iterable[History], moment: datetime) -> None:
    for history in histories:
        found.add(history, moment)


def _of_images(histories: Iterable[History]) -> Iterator[History]:
    """Without uploads that never ended."""
    return (each for each in histories if part_of(each.key))


def _ensure(bucket: Bucket, found: Found, key: str) -> None:
    if not bucket.has(key):
        found.add_content(bucket.history(key))


def _follow(bucket: Bucket, found: Found, repository: str, digest: str) -> None:
    """Ensure the manifest, and all that it names."""
    _ensure(bucket, found, revision_key(repository, digest))
    history = bucket.history(blob_key(digest))
    found.add_content(history)
    newest = history.newest()
    if newest is None:
        return
    manifest = json.loads(bucket.read(history.key, newest))
    for child in manifest.get("manifests", ()):
        _follow(bucket, found, repository, child["digest"])
    described = (manifest.get("config"), *manifest.get("layers", ()))
    # Layers with addresses of their own, as those of Windows' base images, were never in this bucket.
    digests = {each["digest"] for each in described if each and not each.get("urls")}
    keys = [key for each in digests for key in (layer_key(repository, each), blob_key(each))]
    in_parallel(lambda key: _ensure(bucket, found, key), keys)


def _no_repository(bucket: Bucket, repository: str) -> str:
    parent = repository.rpartition("/")[0]
    folders = {*bucket.folders(REPOSITORIES), *(bucket.folders(f"{REPOSITORIES}{parent}/") if parent else ())}
    known = {each.removeprefix(REPOSITORIES).rstrip("/") for each in folders} - {repository}
    return f"there was no repository {repository!r} at that time{_near(repository, known)}"


def _no_tag(bucket: Bucket, repository: str, tag: str) -> str:
    prefix = tags_prefix(repository)
    known = {each.removeprefix(prefix).rstrip("/") for each in bucket.folders(prefix)} - {tag}
    if not known:
        return _no_repository(bucket, repository)
    return f"there was no tag {tag!r} in {repository} at that time{_near(tag, known)}"


def _near(name: str, known: Iterable[str]) -> str:
    similar = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.5)
    return f"; similar names: {', '.join(similar)}" if similar else ""
