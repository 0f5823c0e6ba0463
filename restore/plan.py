"""What has to be done so that objects are again as they were at a moment. Decides; reads and writes nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from restore.layout import Kind, part_of


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object, or a delete marker. S3 tells ``modified`` in whole seconds."""

    id: str
    modified: datetime
    is_marker: bool = False
    size: int = 0
    etag: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """All versions that S3 keeps of one object, the newest first."""

    key: str
    versions: tuple[Version, ...]

    def as_of(self, moment: datetime) -> Version | None:
        """The version that was the current one just before a moment; None if there was no such object."""
        found = next((each for each in self.versions if each.modified < moment), None)
        return None if found is None or found.is_marker else found

    def newest(self) -> Version | None:
        return next((each for each in self.versions if not each.is_marker), None)


@dataclass(frozen=True, slots=True)
class Change:
    """``wanted`` becomes the current version: by removing the delete markers above it, or else, where there are none to
    remove, by a copy. ``over`` is the current version that the copy replaces; S3 keeps it as an old one."""

    key: str
    wanted: Version
    markers: tuple[str, ...] = ()
    over: Version | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """``changes`` are in the order in which they must be made. ``lost`` are the keys of objects that images need and of
    which no version is left."""

    changes: tuple[Change, ...]
    lost: tuple[str, ...] = ()

    def of(self, kind: Kind) -> tuple[Change, ...]:
        return tuple(each for each in self.changes if kind_of(each.key) == kind)


def change_to(wanted: Version, history: History) -> Change | None:
    """None: the object is as wanted."""
    markers = tuple(each.id for each in takewhile(lambda each: each.is_marker, history.versions))
    below = history.versions[len(markers)]
    if _have_same_content(history.key, below, wanted):
        return Change(history.key, wanted, markers) if markers else None
    return Change(history.key, wanted, over=None if markers else below)


def plan(changes: Iterable[Change], lost: Iterable[str] = (), *, only_missing: bool = False) -> Plan:
    """``only_missing`` leaves every object alone that exists now."""
    chosen = (each for each in changes if not (only_missing and each.over))
    return Plan(tuple(sorted(chosen, key=lambda each: (stage_of(each.key), each.key))), tuple(sorted(set(lost))))


def stages(changes: Sequence[Change]) -> Iterator[tuple[Change, ...]]:
    """Each must have ended before the next one begins."""
    for stage in sorted({stage_of(each.key) for each in changes}):
        yield tuple(each for each in changes if stage_of(each.key) == stage)


def stage_of(key: str) -> int:
    kind = kind_of(key)
    return Kind.BLOB if kind is None else kind


def kind_of(key: str) -> Kind | None:
    part = part_of(key)
    return part.kind if part else None


def _have_same_content(key: str, one: Version, other: Version) -> bool:
    if one.id == other.id:
        return True
    # The key of anything else in the image bucket names its content's digest; and a layer's ETag depends on how it was
    # uploaded.
    named_by_digest = kind_of(key) not in (None, Kind.TAG)
    return one.size == other.size and (named_by_digest or one.etag == other.etag)
