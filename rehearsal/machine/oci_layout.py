"""Container images on disk, as the OCI image layout specification (version 1.0.0) has them."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REFERENCE = "image"


@dataclass(frozen=True, slots=True)
class Image:
    """An image in a layout folder; digests are ``sha256:…``. ``layer_*`` are of its first layer, as it is packed, and
    ``contents`` are the digests of all layers before they are packed."""

    layout: Path
    manifest_digest: str
    layer_digest: str
    layer_bytes: int
    contents: tuple[str, ...]


def pack(files: Mapping[str, bytes]) -> bytes:
    """A layer's tar archive; every file can be executed."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o755
            archive.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def write_image(layout: Path, *layers: bytes, architecture: str, config: Mapping[str, Any]) -> Image:
    """Write an image whose layers are the tar archives given; ``config`` is how a container of it runs."""
    blobs = layout / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    # Level 0 stores: what the rehearsal measures is the registry, not zlib.
    packed = [_put(blobs, gzip.compress(layer, compresslevel=0, mtime=0)) for layer in layers]
    contents = tuple(f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers)
    described = {
        "architecture": architecture,
        "os": "linux",
        "config": dict(config),
        "rootfs": {"type": "layers", "diff_ids": contents},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            **_put(blobs, json.dumps(described).encode()),
        },
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", **each} for each in packed],
    }
    entry = {
        "mediaType": manifest["mediaType"],
        **_put(blobs, json.dumps(manifest).encode()),
        "annotations": {"org.opencontainers.image.ref.name": REFERENCE},
    }
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (layout / "oci-layout").write_text(json.dumps({"imageLayoutVersion": "1.0.0"}))
    return Image(layout, entry["digest"], packed[0]["digest"], packed[0]["size"], contents)


def layers_of(layout: Path) -> dict[str, str]:
    """The layers of the image in a layout: each blob's name, and the digest of its real content."""
    index = json.loads((layout / "index.json").read_text())
    manifest = json.loads(_blob(layout, index["manifests"][0]["digest"]).read_text())
    digests = [layer["digest"] for layer in manifest["layers"]]
    return {digest: f"sha256:{_sha256_of(_blob(layout, digest))}" for digest in digests}


def _blob(layout: Path, digest: str) -> Path:
    return layout / "blobs" / digest.replace(":", "/")


def _put(blobs: Path, data: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {"digest": f"sha256:{digest}", "size": len(data)}


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
