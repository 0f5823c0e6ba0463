"""A registry from the copy of a lost region serves what arrived, byte for byte, and never anything wrong."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from rehearsal.room.door import BEHIND
from rehearsal.room.isolation import Room
from rehearsal.room.registry_server import start_registry
from tests.adopted.bucket import BUCKET, FOLDER, images_in, make_bucket, run_beside
from tests.adopted.written import APP, LAYERS, Answered, Written, described, push_image, see, tags_of
from tests.support.door_client import DOCKER_MANIFEST, REGISTRY, Client

Copied = Callable[[float, int], str]


@pytest.fixture(scope="module")
def engine(room: Room) -> Client:
    """Asks the engine itself: the front door would answer some manifests from its cache."""
    return Client(room, REGISTRY)


@pytest.fixture
def copied(room: Room, written: Written) -> Copied:  # noqa: ARG001
    """Make a bucket to which S3 has copied this share of all events, in an order of its own."""

    def make(share: float, seed: int) -> str:
        name = f"copy-{seed}"
        make_bucket(room, name)
        wanted = ("--prefix", f"{FOLDER}/docker/", "--share", str(share), "--seed", str(seed))
        done = run_beside(room, "-m", "rehearsal.room.replication", BUCKET, name, *wanted)
        assert done.returncode == 0, done.stderr
        return name

    return make


@contextmanager
def registry_on(room: Room, bucket: str) -> Iterator[None]:
    """The product's engine, as `image_bucket` makes it use this bucket."""
    start_registry(room, "registry", BEHIND, images_in(bucket))
    try:
        yield
    finally:
        room.stop("registry")


def test_a_whole_copy_is_the_same_registry(room: Room, engine: Client, written: Written, copied: Copied) -> None:
    with registry_on(room, copied(1, 0)):
        assert {path: see(engine, path) for path in written.answers} == written.answers
        assert {path: see(engine, path).status for path in written.deleted} == dict.fromkeys(written.deleted, 404)
        assert {repository: tags_of(engine, repository) for repository in written.tags} == written.tags


@pytest.mark.parametrize(("share", "seed"), [(0.4, 1), (0.95, 2)])
def test_of_a_cut_copy_each_answer_is_right_or_not_found(
    room: Room, engine: Client, written: Written, copied: Copied, share: float, seed: int
) -> None:
    with registry_on(room, copied(share, seed)):
        seen = {path: see(engine, path) for path in (*written.answers, *written.deleted)}
    wrong = {path: answer for path, answer in seen.items() if not is_right(path, answer, written)}
    assert wrong == {}
    statuses = {answer.status for answer in seen.values()}
    assert statuses == {200, 404}


def is_right(path: str, seen: Answered, written: Written) -> bool:
    """A tag that was moved may still name its earlier image."""
    if seen.status == 404 or seen == written.answers.get(path):
        return True
    earlier = written.answers.get(f"/v2/{APP}/manifests/{seen.digest}")
    return seen.status == 200 and path == f"/v2/{APP}/manifests/latest" and earlier == seen


def test_a_push_of_the_same_image_makes_a_cut_copy_whole(
    room: Room, engine: Client, written: Written, copied: Copied
) -> None:
    image = written.images[f"{APP}:1.0"]
    with registry_on(room, copied(0.5, 3)):
        pushed = push_image(engine, APP, "1.0", DOCKER_MANIFEST, LAYERS)
        assert pushed.digest == image.digest
        blobs = [each["digest"] for each in described(json.loads(image.body))]
        for path in (image.path, f"/v2/{APP}/manifests/1.0", *(f"/v2/{APP}/blobs/{digest}" for digest in blobs)):
            assert see(engine, path) == written.answers[path]
