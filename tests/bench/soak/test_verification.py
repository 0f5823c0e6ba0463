"""A push that is lost or changed is reported, and so is a ledger that promises what nobody keeps."""

import gzip
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.soak.ledger import Ledger, Push, promised
from bench.soak.verification import differences, losses
from rehearsal.machine.oci_layout import Image, pack, write_image

Damage = Callable[[Path, Image], object]


def image(folder: Path, content: bytes = b"first") -> Image:
    layers = (pack({"one": content}), pack({"two": b"second"}))
    return write_image(folder, *layers, architecture="amd64", config={})


def push_of(image: Image, tag: str = "1") -> Push:
    return Push(1.5, "skopeo", "soak/one", tag, image.manifest_digest, image.contents)


def change_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def blob(layout: Path, digest: str) -> Path:
    return layout / "blobs" / digest.replace(":", "/")


def configuration(layout: Path, image: Image) -> Path:
    return blob(layout, json.loads(blob(layout, image.manifest_digest).read_text())["config"]["digest"])


@pytest.fixture
def registry(tmp_path: Path) -> dict[str, Path]:
    """The layouts that it keeps, by reference."""
    return {"soak/one:1": image(tmp_path / "kept").layout}


@pytest.fixture
def verify(registry: dict[str, Path], tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Writes pushes into a ledger, and returns what the verifier says of each reference that is not kept."""

    def fetch(reference: str, layout: Path) -> str:
        if reference not in registry:
            return "MANIFEST_UNKNOWN"
        shutil.copytree(registry[reference], layout)
        return ""

    def verify(*pushes: Push) -> dict[str, str]:
        ledger = Ledger(tmp_path / "ledger")
        for push in pushes:
            ledger.add(push)
        ledger.close()
        lost = losses(promised(ledger.path), fetch, tmp_path / "fresh")
        return {loss.reference: loss.why for loss in lost}

    return verify


def test_an_image_that_is_as_it_was_is_kept(verify: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    assert verify(push_of(image(tmp_path / "pushed"))) == {}


def test_a_push_without_an_image_is_lost(verify: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    pushed = push_of(image(tmp_path / "pushed"))
    assert verify(pushed, replace(pushed, tag="2", manifest=f"sha256:{'0' * 64}")) == {"soak/one:2": "MANIFEST_UNKNOWN"}


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda layout, image: change_a_byte(blob(layout, image.layer_digest)), "other bytes"),
        (lambda layout, image: change_a_byte(blob(layout, image.manifest_digest)), ""),
        (lambda layout, image: change_a_byte(configuration(layout, image)), "other bytes"),
        (lambda layout, image: blob(layout, image.layer_digest).write_bytes(b""), "other bytes"),
        (lambda layout, image: blob(layout, image.layer_digest).unlink(), "not whole"),
        (lambda layout, _: (layout / "index.json").unlink(), "not whole"),
    ],
    ids=["a layer", "the manifest", "the configuration", "an empty layer", "a missing layer", "no image"],
)
def test_damage_to_an_image_is_reported(
    verify: Callable[..., dict[str, str]], registry: dict[str, Path], tmp_path: Path, damage: Damage, said: str
) -> None:
    pushed = image(tmp_path / "pushed")
    damage(registry["soak/one:1"], pushed)
    lost = verify(push_of(pushed))
    assert list(lost) == ["soak/one:1"]
    assert said in lost["soak/one:1"]


def test_a_tag_that_names_an_older_image_is_reported(
    verify: Callable[..., dict[str, str]], registry: dict[str, Path], tmp_path: Path
) -> None:
    first, second = image(tmp_path / "pushed"), image(tmp_path / "second", b"another")
    registry[f"soak/one@{first.manifest_digest}"] = first.layout
    lost = verify(push_of(first), push_of(second))
    assert list(lost) == ["soak/one:1"]
    assert second.manifest_digest in lost["soak/one:1"]


def test_an_image_that_its_tag_left_must_still_be_there(
    verify: Callable[..., dict[str, str]], registry: dict[str, Path], tmp_path: Path
) -> None:
    first, second = image(tmp_path / "pushed"), image(tmp_path / "second", b"another")
    registry["soak/one:1"] = second.layout
    assert list(verify(push_of(first), push_of(second))) == [f"soak/one@{first.manifest_digest}"]


def test_layers_that_the_client_did_not_push_are_reported(tmp_path: Path) -> None:
    pushed = image(tmp_path / "pushed")
    said = list(differences(replace(push_of(pushed), contents=pushed.contents[:1]), pushed.layout))
    assert len(said) == 2
    assert list(differences(push_of(pushed), pushed.layout)) == []


def test_a_layer_is_compared_as_it_was_before_it_was_packed(tmp_path: Path) -> None:
    pushed = image(tmp_path / "pushed")
    layer = blob(pushed.layout, pushed.layer_digest)
    repacked = gzip.compress(gzip.decompress(layer.read_bytes()), compresslevel=9)
    assert repacked != layer.read_bytes()
    layer.write_bytes(repacked)
    assert [said.partition(" has ")[0] for said in differences(push_of(pushed), pushed.layout)] == [pushed.layer_digest]
