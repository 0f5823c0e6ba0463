"""Whether a tag of the source is in the target: the same digest, every manifest and layer below it, every attachment.

A manifest is read from the target and hashed. A layer is asked for at the target, wherever it keeps it.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum

from migrate.address import problem_of
from migrate.logins import LoginError
from migrate.registry import INDEXES, MANIFESTS, THREADS, OutOfReachError, Registry, RegistryError, digest_of

# The tag in which registries without a list of referrers keep it:
# https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
_LIST_OF_ATTACHMENTS = re.compile(r"sha256-([0-9a-f]{64})")
_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1"


class State(Enum):
    SAME = "the same"
    MISSING = "not there"
    INCOMPLETE = "incomplete"
    OTHER = "another image has its tag"
    IMPOSSIBLE = "cannot be copied"
    LIST = "a list of attachments"
    GONE = "gone from the source"
    UNKNOWN = "cannot be compared"


@dataclass(frozen=True, slots=True)
class Item:
    """A tag, or what is attached to an image: then ``reference`` is its digest, and ``subject`` the image's."""

    repository: str
    reference: str
    subject: str = ""

    @property
    def is_tag(self) -> bool:
        return ":" not in self.reference

    def __str__(self) -> str:
        return f"{self.repository}{':' if self.is_tag else '@'}{self.reference}"


@dataclass(frozen=True, slots=True)
class Finding:
    """``attached`` are items to look at as well."""

    state: State
    why: str = ""
    attached: tuple[Item, ...] = ()


Findings = dict[Item, Finding]


@dataclass(slots=True)
class Comparison:
    """``tags`` are the source's, by repository; ``target_tags`` those of the target when the command began.
    ``unlisted`` says why a repository's tags are not known. ``rename`` gives a repository's name in the target."""

    source: Registry
    target: Registry
    rename: Callable[[str], str]
    tags: Mapping[str, Collection[str]]
    target_tags: Mapping[str, Collection[str]]
    unlisted: Mapping[str, str]
    _whole: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    _layers: set[tuple[str, str, int]] = field(default_factory=set)
    _without_referrers: set[str] = field(default_factory=set)

    @property
    def manifests_checked(self) -> int:
        return len(self._whole)

    @property
    def layers_checked(self) -> int:
        return len(self._layers)

    def plan(self, say: Callable[[int, int], None]) -> Findings:
        """Every tag, without a request for those that are not in the target."""
        everything = [Item(repository, tag) for repository, tags in self.tags.items() for tag in tags]
        findings = {Item(name, "*"): Finding(State.UNKNOWN, why) for name, why in self.unlisted.items()}
        there = []
        for item in everything:
            if problem := problem_of(self.rename(item.repository)):
                findings[item] = Finding(State.IMPOSSIBLE, f"the repository's name there {problem}")
            elif self._is_missing(item):
                findings[item] = Finding(State.MISSING)
            else:
                there.append(item)
        return findings | self.look(there, findings, say)

    def _is_missing(self, item: Item) -> bool:
        """As far as it can be said without a request."""
        there = self.target_tags.get(item.repository, ())
        return item.reference not in there and not _LIST_OF_ATTACHMENTS.fullmatch(item.reference)

    def look(
        self, items: Iterable[Item], known: Collection[Item] = (), say: Callable[[int, int], None] = lambda *_: None
    ) -> Findings:
        """At these, and at all that is attached to them and not yet known. ``say`` hears how many of how many."""
        findings: Findings = {}
        waiting = list(items)
        with ThreadPoolExecutor(THREADS) as pool:
            while waiting:
                total = len(findings) + len(waiting)
                for item, finding in zip(waiting, pool.map(self._look, waiting), strict=True):
                    findings[item] = finding
                    say(len(findings), total)
                attached = dict.fromkeys(each for item in waiting for each in findings[item].attached)
                waiting = [each for each in attached if each not in findings and each not in known]
        return findings

    def _look(self, item: Item) -> Finding:
        try:
            return self._compare(item)
        except OutOfReachError:
            raise
        except (RegistryError, LoginError) as error:
            return Finding(State.UNKNOWN, str(error))

    def _compare(self, item: Item) -> Finding:
        wanted = self.source.head(item.repository, item.reference)
        if wanted is None:
            return Finding(State.GONE, "the source does not have it any more")
        named = _LIST_OF_ATTACHMENTS.fullmatch(item.reference)
        if named and wanted.media_type in INDEXES:
            # The target's own list names the same attachments, perhaps in another order.
            return Finding(State.LIST, attached=(Item(item.repository, f"sha256:{named[1]}"),))
        if wanted.media_type not in MANIFESTS:
            return Finding(State.IMPOSSIBLE, _unknown_type(wanted.media_type))
        repository = self.rename(item.repository)
        found = self.target.head(repository, item.reference)
        if found is None:
            return Finding(State.MISSING, "the target does not have it")
        if found.digest != wanted.digest:
            return Finding(State.OTHER, f"the target has {found.digest} there, the source {wanted.digest}")
        problems, manifests = self._below(repository, wanted.digest)
        if problems:
            return Finding(State.INCOMPLETE, "; ".join(problems))
        if item.subject and wanted.digest not in self._attachments(self.target, repository, item.subject):
            return Finding(State.INCOMPLETE, f"the target does not list it as an attachment of {item.subject}")
        attached = (
            Item(item.repository, digest, manifest)
            for manifest in manifests
            for digest in self._attachments_of_source(item.repository, manifest)
        )
        return Finding(State.SAME, attached=tuple(attached))

    def is_of_source(self, item: Item) -> bool:
        """Whether the source has the image that the tag names in the target."""
        there = self.target.head(self.rename(item.repository), item.reference)
        return there is not None and self.source.head(item.repository, there.digest) is not None

    def _below(self, repository: str, digest: str) -> tuple[list[str], list[str]]:
        """What is wrong in the target with this manifest and all below it, and the digests of all its manifests."""
        if (repository, digest) in self._whole:
            return [], list(self._whole[repository, digest])
        content = self.target.manifest(repository, digest)
        if content is None:
            return [f"the target does not have the manifest {digest}"], []
        if digest_of(content) != digest:
            return [f"the target answers with another manifest in the place of {digest}"], []
        manifest = json.loads(content)
        problems, manifests = [], [digest]
        children = manifest.get("manifests", ())
        for child in (each for each in children if each["mediaType"] in MANIFESTS):
            below, more = self._below(repository, child["digest"])
            problems += below
            manifests += more
        # BuildKit's index of a cache lists layers.
        of_cache = (each for each in children if each["mediaType"] not in MANIFESTS)
        layers = (manifest.get("config"), *manifest.get("layers", ()), *of_cache)
        # Layers with addresses of their own, as those of Windows' base images, are in no registry.
        for layer in (each for each in layers if each and not each.get("urls")):
            problems += self._layer(repository, layer["digest"], layer["size"])
        if not problems:
            self._whole[repository, digest] = tuple(manifests)
        return problems, manifests

    def _layer(self, repository: str, digest: str, size: int) -> list[str]:
        if (repository, digest, size) in self._layers:
            return []
        found = self.target.layer_bytes(repository, digest)
        if found is None:
            return [f"the target does not have the layer {digest}"]
        if found != size:
            return [f"the layer {digest} has {found} bytes in the target, and {size} in its manifest"]
        self._layers.add((repository, digest, size))
        return []

    def _attachments_of_source(self, repository: str, digest: str) -> list[str]:
        """Without a request where its list of tags says that there are none."""
        if repository in self._without_referrers and digest.replace(":", "-") not in self.tags.get(repository, ()):
            return []
        return self._attachments(self.source, repository, digest)

    def _attachments(self, registry: Registry, repository: str, digest: str) -> list[str]:
        """By its list of referrers, or by the tag in its place."""
        if registry is self.target or repository not in self._without_referrers:
            found = registry.referrers(repository, digest)
            if found is not None:
                return found
        if registry is self.source:
            self._without_referrers.add(repository)
        content = registry.manifest(repository, digest.replace(":", "-"))
        return [str(each["digest"]) for each in json.loads(content or b"{}").get("manifests") or ()]


def _unknown_type(media_type: str) -> str:
    if media_type.startswith(_SCHEMA_1):
        return "an image of Docker's old schema 1, which this registry does not accept: build it again"
    return f"a manifest of the type {media_type or 'unknown'}, which the target does not accept"
