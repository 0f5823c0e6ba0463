"""Listings through the front door: pages of the catalog, and deletions that look through all tags."""

import json
import subprocess
import time

import pytest

from rehearsal.age.bucket import ROOT
from rehearsal.age.fill import fill
from rehearsal.age.image import manifests
from rehearsal.room.isolation import Room, RoomError
from tests.support.door_client import FRONT, REGISTRY, Client, curl_as

# The engine's own limit (catalog.maxentries).
MOST = 1000
EIGHT = 8


@pytest.mark.parametrize("number", ["1001", "2000", "10000", "100000", "010000", "99999999999999999999"])
@pytest.mark.parametrize("query", ["n={}", "n={}&last=listed%2Fone", "last=listed%2Fone&n={}"])
def test_a_page_above_the_engines_limit_is_the_largest_page(client: Client, number: str, query: str) -> None:
    for name in ("one", "two"):
        client.push(f"listed/{name}", tag="1.0")
    expected = client.ask(f"/v2/_catalog?{query.format(MOST)}", at=REGISTRY, user=None)
    answer = client.ask(f"/v2/_catalog?{query.format(number)}")
    assert (answer.status, answer.body) == (200, expected.body)
    assert "listed/two" in json.loads(answer.body)["repositories"]
    assert ("listed/one" in json.loads(answer.body)["repositories"]) == ("last" not in query)


@pytest.mark.parametrize(
    "query", ["", "?n=1", "?n=1&last=listed/one", "?n=1000", "?n=0", "?n=-1", "?n=many", "?x=n=5000"]
)
def test_any_other_page_is_the_engines_own(client: Client, query: str) -> None:
    client.push("listed/one", tag="1.0")
    expected = client.ask(f"/v2/_catalog{query}", at=REGISTRY, user=None)
    answer = client.ask(f"/v2/_catalog{query}")
    assert (answer.status, answer.body) == (expected.status, expected.body)
    assert answer.headers.get("link") == expected.headers.get("link")


def test_the_catalog_needs_a_login(client: Client) -> None:
    assert client.ask("/v2/_catalog?n=10000", user=None).status == 401
    assert client.ask("/v2/_catalog?n=10000", password="guessed").status == 401  # noqa: S106


def test_a_user_may_have_eight_lists_at_once_and_others_are_not_affected(client: Client, room: Room) -> None:
    pushed = client.push("listed/one", tag="1.0")
    path = f"/v2/{pushed.repository}/tags/list"
    client.ask(pushed.path)
    client.ask("/v2/", user="pusher")
    many = (*curl_as("puller"), "--parallel", "--parallel-immediate", *("--output", "/dev/null", FRONT + path) * EIGHT)
    with client.registry_silent(), subprocess.Popen(room.command(many)) as running:
        time.sleep(1)
        refused = client.ask(path)
        pulled = client.ask(pushed.path)
        with pytest.raises(RoomError):
            client.ask(path, "--max-time", "0.5", user="pusher")
        running.terminate()
    assert refused.status == 429
    assert json.loads(refused.body)["errors"][0]["code"] == "TOOMANYREQUESTS"
    assert refused.headers["retry-after"] == ["1"]
    assert pulled.body == pushed.body
    assert client.ask(path).status == 200


def test_a_deletion_among_thousands_of_tags_ends_although_its_client_hangs_up(client: Client, room: Room) -> None:
    repository, images = "listed/old", 4_000
    folder = room.place("/srv/images")
    fill(folder, room.place("/srv/age.json"), {repository: images})
    room.run("chown", "--recursive", "65534:65534", "/srv/images")
    (image,) = manifests(repository, 0)
    path = f"/v2/{repository}/manifests/sha256:{image.blob.digest}"
    # With a cached login the deletion begins at once.
    client.ask("/v2/", "--request", "DELETE", user="pusher")
    with pytest.raises(RoomError):
        client.ask(path, "--request", "DELETE", "--max-time", "0.2", user="pusher")
    deadline = time.monotonic() + 20
    while any((folder / ROOT / "repositories" / repository / "_manifests/tags" / tag).exists() for tag in image.tags):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert client.ask(path).status == 404
