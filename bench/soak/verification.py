"""Every acknowledged push is pulled back, and each byte is checked against the ledger, which is all that is known."""

import gzip
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.soak.ledger import Push
from bench.soak.tools import CRANE, ClientError, Place

AT_ONCE = 3
PIECE_BYTES = 1 << 20
# Pulls a reference into a folder as an OCI image layout, and returns what the client said if it failed.
Fetch = Callable[[str, Path], str]


@dataclass(frozen=True, slots=True)
class Loss:
    reference: str
    push: Push
    why: str


def losses(promised: Mapping[str, Push], fetch: Fetch, folder: Path) -> tuple[Loss, ...]:
    """Of the references that a ledger promises, those that the registry does not keep. Images are pulled into
    ``folder`` and removed again."""
    folder.mkdir()

    def look(numbered: tuple[int, tuple[str, Push]]) -> Loss | None:
        number, (reference, push) = numbered
        layout = folder / str(number)
        why = fetch(reference, layout) or next(differences(push, layout), "")
        shutil.rmtree(layout, ignore_errors=True)
        return Loss(reference, push, why) if why else None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = tuple(pool.map(look, enumerate(promised.items())))
    folder.rmdir()
    return tuple(loss for loss in found if loss)


def fetcher(place: Place) -> Fetch:
    """Pulls by crane, into folders below the place's."""

    def fetch(reference: str, layout: Path) -> str:
        folder = layout.relative_to(place.folder)
        try:
            place.run(CRANE.pull.format(reference=f"{place.registry}/{reference}", layout=folder))
        except ClientError as error:
            return f"it cannot be pulled: {error}"
        return ""

    return fetch


def differences(push: Push, layout: Path) -> Iterator[str]:
    """What is not as the client pushed it in the image that was pulled into a layout folder."""
    try:
        named = [each["digest"] for each in json.loads((layout / "index.json").read_text())["manifests"]]
        if named != [push.manifest]:
            yield f"the manifest is {named}, and was {push.manifest}"
            return
        manifest = _json(layout, push.manifest)
        wrong = [each for each in (push.manifest, *_blobs(manifest)) if _digest(_blob(layout, each)) != each]
        yield from (f"{each} has other bytes than its digest says" for each in wrong)
        contents = tuple(_content_digest(_blob(layout, each["digest"])) for each in manifest["layers"])
        described = tuple(_json(layout, manifest["config"]["digest"])["rootfs"]["diff_ids"])
    except (OSError, EOFError, ValueError, KeyError) as error:
        yield f"the image is not whole: {type(error).__name__}: {error}"
        return
    for what, seen in (("the layers have", contents), ("the configuration names", described)):
        if seen != push.contents:
            yield f"{what} the contents {seen}, and they were {push.contents}"


def _blobs(manifest: Mapping[str, Any]) -> Iterator[str]:
    yield from (each["digest"] for each in (manifest["config"], *manifest["layers"]))


def _json(layout: Path, digest: str) -> Mapping[str, Any]:
    content: Mapping[str, Any] = json.loads(_blob(layout, digest).read_bytes())
    return content


def _blob(layout: Path, digest: str) -> Path:
    return layout / "blobs" / digest.replace(":", "/")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _content_digest(path: Path) -> str:
    """Of a layer before it was packed."""
    seen = hashlib.sha256()
    with gzip.open(path) as file:
        while piece := file.read(PIECE_BYTES):
            seen.update(piece)
    return f"sha256:{seen.hexdigest()}"
