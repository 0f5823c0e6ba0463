"""What the comparison says of one tag, from what two registries answer."""

import json
from unittest.mock import Mock

import pytest

from migrate.comparison import Comparison, Finding, Item, State
from migrate.registry import MANIFESTS, Head, OutOfReachError, RegistryError, digest_of

IMAGE = MANIFESTS[2]
LAYER = {"mediaType": "text/plain", "digest": "sha256:" + "1" * 64, "size": 5}
MANIFEST = json.dumps({"config": {**LAYER, "size": 2, "digest": "sha256:" + "2" * 64}, "layers": [LAYER]}).encode()
DIGEST = digest_of(MANIFEST)
SIZES = {LAYER["digest"]: 5, "sha256:" + "2" * 64: 2}
TAG = Item("app", "1.0")


def registry(head: Head | None, manifest: bytes | None = MANIFEST, sizes: object = None) -> Mock:
    held = SIZES if sizes is None else sizes
    return Mock(
        **{
            "head.return_value": head,
            "manifest.return_value": manifest,
            "layer_bytes.side_effect": lambda _, digest: held.get(digest),  # type: ignore[attr-defined]
            "referrers.return_value": [],
        }
    )


def found(source: Mock, target: Mock, item: Item = TAG) -> Finding:
    tags = {"app": ["1.0"]}
    return Comparison(source, target, str, tags, {"app": {"1.0"}}, {}).look([item])[item]


SAME = Head(DIGEST, IMAGE)


def test_a_tag_with_its_manifest_and_all_layers_is_the_same() -> None:
    assert found(registry(SAME), registry(SAME)) == Finding(State.SAME)


@pytest.mark.parametrize(
    ("target", "state", "why"),
    [
        (registry(None), State.MISSING, "does not have it"),
        (registry(Head("sha256:other", IMAGE)), State.OTHER, "the target has sha256:other there"),
        (registry(SAME, manifest=None), State.INCOMPLETE, f"does not have the manifest {DIGEST}"),
        (registry(SAME, manifest=b"{}"), State.INCOMPLETE, "another manifest in the place of"),
        (registry(SAME, sizes={}), State.INCOMPLETE, f"does not have the layer {LAYER['digest']}"),
        (registry(SAME, sizes=SIZES | {LAYER["digest"]: 4}), State.INCOMPLETE, "4 bytes in the target, and 5 in its"),
    ],
)
def test_a_tag_that_is_not_whole_in_the_target_is_noticed(target: Mock, state: State, why: str) -> None:
    finding = found(registry(SAME), target)
    assert finding.state is state
    assert why in finding.why


@pytest.mark.parametrize(
    ("head", "state", "why"),
    [
        (None, State.GONE, "not have it any more"),
        (Head(DIGEST, "application/vnd.docker.distribution.manifest.v1+prettyjws"), State.IMPOSSIBLE, "old schema 1"),
        (Head(DIGEST, "application/vnd.oci.artifact.manifest.v1+json"), State.IMPOSSIBLE, "artifact.manifest"),
    ],
)
def test_what_the_source_cannot_give_has_its_reason(head: Head | None, state: State, why: str) -> None:
    finding = found(registry(head), registry(SAME))
    assert finding.state is state
    assert why in finding.why


def test_a_registry_that_does_not_answer_fails_one_tag_only() -> None:
    source = registry(SAME)
    source.head.side_effect = [RegistryError("it answered 500"), SAME]
    other = Item("app", "2.0")
    findings = Comparison(source, registry(SAME), str, {}, {}, {}).look([TAG, other])
    assert sorted(each.state.name for each in findings.values()) == ["SAME", "UNKNOWN"]


def test_a_registry_out_of_reach_ends_the_comparison() -> None:
    source = registry(SAME)
    source.head.side_effect = OutOfReachError("old.example.com does not answer")
    with pytest.raises(OutOfReachError):
        found(source, registry(SAME))


def test_a_layer_that_is_kept_elsewhere_is_not_asked_for() -> None:
    manifest = json.dumps({"layers": [{**LAYER, "urls": ["https://example.com/layer"]}]}).encode()
    head = Head(digest_of(manifest), IMAGE)
    assert found(registry(head), registry(head, manifest, sizes={})).state is State.SAME


def test_an_attachment_that_the_target_does_not_list_is_incomplete() -> None:
    attached = Item("app", DIGEST, "sha256:subject")
    finding = found(registry(SAME), registry(SAME), attached)
    assert finding == Finding(State.INCOMPLETE, "the target does not list it as an attachment of sha256:subject")


def test_the_attachments_of_the_source_are_compared_too() -> None:
    source = registry(SAME)
    source.referrers.side_effect = lambda _, digest: ["sha256:signature"] if digest == DIGEST else []
    assert found(source, registry(SAME)).attached == (Item("app", "sha256:signature", DIGEST),)


def test_a_registry_without_a_list_of_attachments_has_them_in_a_tag() -> None:
    target = registry(SAME)
    target.referrers.return_value = None
    target.manifest.side_effect = lambda _, reference: (
        json.dumps({"manifests": [{"digest": DIGEST}]}).encode() if reference == "sha256-subject" else MANIFEST
    )
    assert found(registry(SAME), target, Item("app", DIGEST, "sha256:subject")).state is State.SAME
