"""The product serves a bucket that a registry of version 2.8 wrote, in a folder, and the old registry can go on."""

import json
from collections.abc import Iterator

import pytest

from rehearsal.room.door import BEHIND
from rehearsal.room.isolation import Room
from rehearsal.room.old_registry import start_old_registry
from rehearsal.room.registry_server import start_registry
from tests.adopted.bucket import BUCKET, FOLDER, images_in
from tests.adopted.written import ANY, APP, LAYERS, OCI, RETIRED, Written, push_image, put, see, tags_of
from tests.support.door_client import DOCKER_MANIFEST, OCI_MANIFEST, Client, digest_of

ADOPTED = images_in("adopted")


@pytest.fixture(scope="module", autouse=True)
def engine(room: Room, written: Written) -> Iterator[None]:  # noqa: ARG001
    """The product's own, behind the front door, on a bucket like the one that the old registry wrote."""
    room.run("cp", "--archive", f"/srv/buckets/{BUCKET}", "/srv/buckets/adopted")
    start_registry(room, "registry", BEHIND, ADOPTED)
    yield
    room.stop("registry")


def test_everything_that_the_old_registry_wrote_is_served_with_the_same_bytes(client: Client, written: Written) -> None:
    assert {answer.status for answer in written.answers.values()} == {200}
    assert {path: see(client, path) for path in written.answers} == written.answers
    assert {path: see(client, path).status for path in written.deleted} == dict.fromkeys(written.deleted, 404)


def test_lists_are_those_of_the_old_registry(client: Client, written: Written) -> None:
    catalog = json.loads(client.ask("/v2/_catalog").body)["repositories"]
    assert sorted(catalog) == sorted(written.tags)
    assert {repository: tags_of(client, repository) for repository in written.tags} == written.tags


def test_a_push_takes_the_old_layers_as_they_are(client: Client, written: Written) -> None:  # noqa: ARG001
    for layer in LAYERS:
        assert client.ask(f"/v2/{APP}/blobs/{digest_of(layer)}", "--head", user="pusher").status in (200, 307)
    pushed = push_image(client, APP, "3.0", OCI_MANIFEST, ("a layer of the new registry", *LAYERS[:1]))
    assert see(client, f"/v2/{APP}/manifests/3.0").digest == pushed.digest


def test_old_images_are_deleted_with_their_tags(client: Client, written: Written) -> None:
    client.delete(written.images[f"{RETIRED}:1.0"])
    for path in (written.images[f"{RETIRED}:1.0"].path, f"/v2/{RETIRED}/manifests/1.0"):
        assert written.answers[path].status == 200
        assert see(client, path).status == 404


def test_an_image_of_the_first_form_cannot_be_pulled_and_disturbs_no_other(
    room: Room, client: Client, written: Written
) -> None:
    """Docker wrote schema 1 before version 1.10, of 2016. Registries of version 3 do not read it."""
    manifest = json.dumps({"schemaVersion": 1, "name": "team/ancient", "tag": "1.0", "fsLayers": [], "history": []})
    algorithm, _, name = digest_of(manifest).partition(":")
    ancient = "repositories/team/ancient/_manifests"
    content = {
        f"blobs/{algorithm}/{name[:2]}/{name}/data": manifest,
        f"{ancient}/revisions/{algorithm}/{name}/link": digest_of(manifest),
        f"{ancient}/tags/1.0/current/link": digest_of(manifest),
    }
    for path, text in content.items():
        place = room.place(f"/srv/buckets/adopted/{FOLDER}/docker/registry/v2/{path}")
        place.parent.mkdir(parents=True)
        place.write_text(text)
    answer = client.ask("/v2/team/ancient/manifests/1.0", accept=ANY)
    assert answer.status == 500
    assert "unrecognized manifest schema version 1" in answer.body
    assert tags_of(client, "team/ancient") == ["1.0"]
    path = written.images[f"{APP}:1.0"].path
    assert see(client, path) == written.answers[path]


def test_the_old_registry_reads_what_the_new_one_pushed(
    room: Room, client: Client, old: Client, written: Written
) -> None:
    image = push_image(client, OCI, "new", OCI_MANIFEST, ("a new layer",))
    subject = {"mediaType": image.media_type, "digest": image.digest, "size": len(image.body)}
    signature = {**json.loads(image.body), "subject": subject, "artifactType": "application/vnd.example.signature"}
    del signature["schemaVersion"], signature["mediaType"]
    attached = put(client, OCI, "signature", OCI_MANIFEST, signature)
    room.stop("registry")
    start_old_registry(room, "old", ADOPTED)
    try:
        seen = {path: see(old, path) for path in (*written.answers, image.path, attached.path)}
        changed = {path for path in written.answers if seen[path] != written.answers[path]}
        assert all(f"/{RETIRED}/" in path for path in changed)
        assert [seen[each.path].digest for each in (image, attached)] == [image.digest, attached.digest]
        assert set(tags_of(old, OCI)) >= {"1.0", "all", "new", "signature"}
        push_image(old, APP, "1.1", DOCKER_MANIFEST, LAYERS[:1])
    finally:
        room.stop("old")
        start_registry(room, "registry", BEHIND, ADOPTED)
    assert see(client, f"/v2/{APP}/manifests/1.1").status == 200
