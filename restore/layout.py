"""What an object of the image bucket is, by its key, as the engine lays images out.

registry/storage/paths.go of github.com/distribution/distribution, version 3.1.2.
"""

import re
from dataclasses import dataclass
from enum import IntEnum

ROOT = "docker/registry/v2/"
BLOBS, REPOSITORIES = f"{ROOT}blobs/", f"{ROOT}repositories/"


class Kind(IntEnum):
    """In the order in which objects come back: a client never finds a tag before its content."""

    BLOB = 0
    LAYER = 1
    """The link by which a repository has a layer or a configuration."""

    REVISION = 2
    """The link by which a repository has a manifest."""

    INDEX = 3
    """The link that remembers a manifest which a tag once named."""

    TAG = 4
    """The link to the manifest that a tag names. Only this object ever has another content."""


@dataclass(frozen=True, slots=True)
class Part:
    """``repository`` is empty for a blob, ``tag`` for all but INDEX and TAG, ``digest`` for TAG alone."""

    kind: Kind
    repository: str = ""
    tag: str = ""
    digest: str = ""


_DIGEST = r"(?P<algorithm>[a-z0-9]+)/(?P<hex>[0-9a-f]{32,})"
# No part of a repository's name begins with an underscore.
_REPOSITORY = rf"{re.escape(REPOSITORIES)}(?P<repository>.+?)"
_PATTERNS = {
    Kind.BLOB: re.compile(rf"{re.escape(BLOBS)}(?P<algorithm>[a-z0-9]+)/[0-9a-f]{{2}}/(?P<hex>[0-9a-f]{{32,}})/data"),
    Kind.LAYER: re.compile(rf"{_REPOSITORY}/_layers/{_DIGEST}/link"),
    Kind.REVISION: re.compile(rf"{_REPOSITORY}/_manifests/revisions/{_DIGEST}/link"),
    Kind.INDEX: re.compile(rf"{_REPOSITORY}/_manifests/tags/(?P<tag>[^/]+)/index/{_DIGEST}/link"),
    Kind.TAG: re.compile(rf"{_REPOSITORY}/_manifests/tags/(?P<tag>[^/]+)/current/link"),
}


def part_of(key: str) -> Part | None:
    """None: an upload that never ended, or nothing of the engine's."""
    for kind, pattern in _PATTERNS.items():
        if found := pattern.fullmatch(key):
            named = found.groupdict()
            digest = f"{named['algorithm']}:{named['hex']}" if "hex" in named else ""
            return Part(kind, named.get("repository", ""), named.get("tag", ""), digest)
    return None


def blob_key(digest: str) -> str:
    algorithm, hexadecimal = digest.split(":")
    return f"{BLOBS}{algorithm}/{hexadecimal[:2]}/{hexadecimal}/data"


def layer_key(repository: str, digest: str) -> str:
    return f"{layers_prefix(repository)}{digest.replace(':', '/')}/link"


def revision_key(repository: str, digest: str) -> str:
    return f"{manifests_prefix(repository)}revisions/{digest.replace(':', '/')}/link"


def tag_key(repository: str, tag: str) -> str:
    return f"{tags_prefix(repository)}{tag}/current/link"


def layers_prefix(repository: str) -> str:
    return f"{REPOSITORIES}{repository}/_layers/"


def manifests_prefix(repository: str) -> str:
    return f"{REPOSITORIES}{repository}/_manifests/"


def tags_prefix(repository: str) -> str:
    return f"{manifests_prefix(repository)}tags/"
