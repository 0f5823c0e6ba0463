"""Old images as the engine stores them, written as files below the S3 server's API.

The layout is the one of registry/storage/paths.go of distribution 3.1.2. versitygw's objects are the files below its
folder. It keeps an ETag beside each object that it was sent, and answers with one of its own where there is none
(backend/posix/posix.go of v1.8.0); the engine never looks at it.
Files with the same content share an inode.
"""

import os
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rehearsal.age import image
from rehearsal.age.image import Blob, Manifest
from rehearsal.age.plan import ABANDONED_EVERY

ROOT = "docker/registry/v2"
REPOSITORIES = f"{ROOT}/repositories"
# The engine gives up an upload after 168 hours.
UPLOAD_AGE = timedelta(days=3)


def prepare(bucket: Path) -> None:
    """Write what all images share."""
    for number in range(256):
        (bucket / ROOT / f"blobs/sha256/{number:02x}").mkdir(parents=True, exist_ok=True)
    for number in range(image.BASES):
        for layer in image.base(number):
            _write_blob(f"{bucket}/{ROOT}", layer.blob)
    _write_blob(f"{bucket}/{ROOT}", Blob.of(image.EMPTY, b"{}"))


def write_images(bucket: Path, repository: str, first: int, end: int) -> int:
    """Write the images of a repository from one number to before another; returns the number of objects."""
    root = f"{bucket}/{ROOT}"
    folder = _make_repository(bucket, repository)
    written = 0
    if first == 0:
        shared = [layer.blob for layer in image.base(image.base_of(repository))]
        for blob in (*shared, Blob.of(image.EMPTY, b"{}")):
            _write(f"{folder}/_layers/sha256/{blob.digest}", "link", f"sha256:{blob.digest}".encode())
            written += 1
    for number in range(first, end):
        for manifest in image.manifests(repository, number):
            written += _write_manifest(root, folder, manifest)
        if (number + 1) % ABANDONED_EVERY == 0:
            written += _abandon_upload(folder, number)
    return written


def write_large_image(bucket: Path, repository: str, manifest: Manifest, layer: str) -> Path:
    """Write an image with a layer that is not in memory; returns the place of its file."""
    folder, digest = _make_repository(bucket, repository), layer.removeprefix("sha256:")
    _write_manifest(f"{bucket}/{ROOT}", folder, manifest)
    _write(f"{folder}/_layers/sha256/{digest}", "link", layer.encode())
    place = bucket / place_of(layer)
    place.parent.mkdir()
    return place


def place_of(layer: str) -> str:
    digest = layer.removeprefix("sha256:")
    return f"{ROOT}/blobs/sha256/{digest[:2]}/{digest}/data"


def _make_repository(bucket: Path, repository: str) -> str:
    folder = f"{bucket}/{REPOSITORIES}/{repository}"
    for name in ("_layers/sha256", "_manifests/revisions/sha256", "_manifests/tags"):
        Path(folder, name).mkdir(parents=True, exist_ok=True)
    return folder


def _write_manifest(root: str, folder: str, manifest: Manifest) -> int:
    for blob in manifest.layers:
        _write_blob(root, blob)
        _write(f"{folder}/_layers/sha256/{blob.digest}", "link", f"sha256:{blob.digest}".encode())
    digest = manifest.blob.digest
    _write_blob(root, manifest.blob)
    revision = f"{folder}/_manifests/revisions/sha256/{digest}"
    _write(revision, "link", f"sha256:{digest}".encode())
    for tag in manifest.tags:
        at = f"{folder}/_manifests/tags/{tag}"
        for name in (at, f"{at}/current", f"{at}/index", f"{at}/index/sha256", f"{at}/index/sha256/{digest}"):
            os.mkdir(name)  # noqa: PTH102  a Path costs more than the folder
        os.link(f"{revision}/link", f"{at}/current/link")
        os.link(f"{revision}/link", f"{at}/index/sha256/{digest}/link")
    return 2 * len(manifest.layers) + 2 + 2 * len(manifest.tags)


def _abandon_upload(folder: str, number: int) -> int:
    upload = Path(folder, "_uploads", str(uuid.uuid5(uuid.NAMESPACE_URL, f"{folder} {number}")))
    upload.mkdir(parents=True)
    started = datetime.now(UTC) - UPLOAD_AGE
    for name, content in (("startedat", started.strftime("%Y-%m-%dT%H:%M:%SZ").encode()), ("data", b"half a layer")):
        (upload / name).write_bytes(content)
    return 2


def _write_blob(root: str, blob: Blob) -> None:
    _write(f"{root}/blobs/sha256/{blob.digest[:2]}/{blob.digest}", "data", blob.data)


def _write(folder: str, name: str, content: bytes) -> None:
    """A file alone in a new folder; content that is there stays."""
    with suppress(FileExistsError):
        os.mkdir(folder)  # noqa: PTH102
        descriptor = os.open(f"{folder}/{name}", os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o644)
        os.write(descriptor, content)
        os.close(descriptor)
