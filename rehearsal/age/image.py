"""The contents of an old image: layers, configuration, manifest and signature, all of them determined by its number."""

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from rehearsal.age.plan import SIGNED_EVERY
from rehearsal.machine.oci_layout import pack
from rehearsal.machine.registry_image import architecture

BASES, BASE_LAYERS = 4, 3
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
EMPTY = "application/vnd.oci.empty.v1+json"
# https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
COSIGN_PAYLOAD = "application/vnd.dev.cosign.simplesigning.v1+json"


@dataclass(frozen=True, slots=True)
class Blob:
    media_type: str
    data: bytes
    digest: str

    @classmethod
    def of(cls, media_type: str, data: bytes) -> "Blob":
        return cls(media_type, data, hashlib.sha256(data).hexdigest())

    @classmethod
    def json(cls, media_type: str, document: Mapping[str, Any]) -> "Blob":
        return cls.of(media_type, json.dumps(document).encode())

    def descriptor(self) -> dict[str, Any]:
        return {"mediaType": self.media_type, "digest": f"sha256:{self.digest}", "size": len(self.data)}


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest with its own blobs, and its tags."""

    blob: Blob
    layers: tuple[Blob, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer as it is pushed, and the digest of its tar archive."""

    blob: Blob
    diff_id: str


@cache
def base(number: int) -> tuple[Layer, ...]:
    """The layers that all images with this base share."""
    return tuple(_layer(f"base {number}, layer {layer}") for layer in range(BASE_LAYERS))


def base_of(repository: str) -> int:
    return sum(repository.encode()) % BASES


def manifests(repository: str, number: int) -> Iterator[Manifest]:
    """The image with this number, and its signature if it has one."""
    image = _image(repository, number)
    yield image
    signed, rest = divmod(number + 1, SIGNED_EVERY)
    if rest == 0:
        yield from _referrer(image) if signed % 2 == 0 else (_cosign(image),)


def _image(repository: str, number: int) -> Manifest:
    own = _layer(f"{repository}, image {number}")
    layers = (*base(base_of(repository)), own)
    config = Blob.json(
        CONFIG,
        {
            "architecture": architecture(),
            "os": "linux",
            "config": {"Cmd": ["/payload"], "Labels": {"build": str(number)}},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer.diff_id}" for layer in layers]},
        },
    )
    blob = _manifest(config, *(layer.blob for layer in layers))
    commit = hashlib.sha1(blob.data, usedforsecurity=False).hexdigest()
    year, day = divmod(number, 365)
    tags = (
        f"1.{number}.0",
        f"v1.{number}",
        f"build-{number:07}",
        f"main-{commit[:8]}",
        commit,
        f"nightly-{2000 + year}-{day:03}",
    )
    return Manifest(blob, (config, own.blob), tags)


def _cosign(signed: Manifest) -> Manifest:
    payload = Blob.json(COSIGN_PAYLOAD, {"critical": {"image": {"docker-manifest-digest": signed.blob.digest}}})
    config = Blob.json(CONFIG, {"architecture": "", "os": "", "rootfs": {"type": "layers", "of": signed.blob.digest}})
    return Manifest(_manifest(config, payload), (config, payload), (f"sha256-{signed.blob.digest}.sig",))


def _referrer(signed: Manifest) -> Iterator[Manifest]:
    """An attached artifact, and the index that names it where a registry has no referrers API, as the engine has none.

    https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
    """
    payload = Blob.json("application/json", {"bill of materials of": signed.blob.digest})
    attached = _manifest(Blob.of(EMPTY, b"{}"), payload, subject=signed.blob.descriptor())
    yield Manifest(attached, (payload,), ())
    index = Blob.json(INDEX, {"schemaVersion": 2, "mediaType": INDEX, "manifests": [attached.descriptor()]})
    yield Manifest(index, (), (f"sha256-{signed.blob.digest}",))


def _manifest(config: Blob, *layers: Blob, **more: Any) -> Blob:
    return Blob.json(
        MANIFEST,
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config.descriptor(),
            "layers": [layer.descriptor() for layer in layers],
            **more,
        },
    )


def _layer(content: str) -> Layer:
    archive = pack({"payload": content.encode()})
    return Layer(Blob.of(LAYER, gzip.compress(archive, compresslevel=1, mtime=0)), hashlib.sha256(archive).hexdigest())
