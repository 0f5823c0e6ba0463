"""Links to layers through the front door, on an S3."""

import time
import uuid
from collections.abc import Iterator

import pytest

from tests.support.door_client import REGISTRY, Client
from tests.support.door_room import room_on_s3, write_users

CONTENT = "a layer of " + "many bytes " * 1000


@pytest.fixture(scope="module")
def on_s3() -> Iterator[Client]:
    with room_on_s3() as room:
        write_users(room)
        yield Client(room)


@pytest.fixture
def layer(on_s3: Client) -> str:
    """The path of a new layer."""
    repository = f"layers/{uuid.uuid4()}"
    return f"/v2/{repository}/blobs/{on_s3.push_blob(repository, CONTENT)}"


def link(client: Client, path: str, *options: str) -> str:
    answer = client.ask(path, *options)
    assert answer.status == 307
    return answer.headers["location"][0]


def test_clients_of_the_same_half_minute_get_the_same_link(on_s3: Client, layer: str) -> None:
    on_s3.begin_half_minute()
    first = link(on_s3, layer)
    # The time of a signature has whole seconds.
    time.sleep(1.1)
    assert link(on_s3, f"{layer}?ns=docker.io") == first
    assert link(on_s3, layer, "--range", "5-") == first
    on_s3.begin_half_minute()
    assert link(on_s3, layer) != first


def test_a_link_gives_the_layer_or_the_rest_of_it(on_s3: Client, layer: str) -> None:
    for _ in range(2):
        place = link(on_s3, layer)
        assert on_s3.room.run("curl", "--silent", "--fail", place).stdout == CONTENT
        assert on_s3.room.run("curl", "--silent", "--fail", "--range", "100-", place).stdout == CONTENT[100:]


def test_a_link_is_valid_for_19_minutes_or_more(on_s3: Client, layer: str) -> None:
    assert "X-Amz-Expires=1200" in link(on_s3, layer)


def test_a_link_needs_a_login_each_time(on_s3: Client, layer: str) -> None:
    link(on_s3, layer)
    assert on_s3.ask(layer, user=None).status == 401
    assert on_s3.ask(layer, password="guessed").status == 401  # noqa: S106


def test_head_of_a_layer_is_the_registrys_own_answer(on_s3: Client, layer: str) -> None:
    link(on_s3, layer)
    assert on_s3.ask(layer, "--head").headers.get("location") != [link(on_s3, layer)]
    assert on_s3.ask(layer, "--request", "DELETE", user=None, at=REGISTRY).status == 202
    assert on_s3.ask(layer, "--head").status == 404


def test_a_deleted_layer_is_gone_at_once(on_s3: Client, layer: str) -> None:
    link(on_s3, layer)
    assert on_s3.ask(layer, "--request", "DELETE", user="pusher").status == 202
    assert on_s3.ask(layer).status == 404


def test_a_layer_that_was_mounted_from_another_repository_has_a_link_at_once(on_s3: Client, layer: str) -> None:
    source, _, digest = layer.removeprefix("/v2/").partition("/blobs/")
    mounted = f"layers/{uuid.uuid4()}"
    assert on_s3.ask(f"/v2/{mounted}/blobs/{digest}").status == 404
    query = f"mount={digest}&from={source}"
    answer = on_s3.ask(f"/v2/{mounted}/blobs/uploads/?{query}", "--request", "POST", user="pusher")
    assert answer.status == 201
    assert link(on_s3, f"/v2/{mounted}/blobs/{digest}")


# The registry of the other tests has no S3: it sends layers itself.


def test_a_registry_that_does_not_redirect_sends_the_layer_and_nothing_is_kept(client: Client) -> None:
    digest = client.push_blob("layers/sent", CONTENT)
    path = f"/v2/layers/sent/blobs/{digest}"
    with client.counting(path) as reads:
        for _ in range(2):
            answer = client.ask(path)
            assert (answer.status, answer.body) == (200, CONTENT)
    assert len(reads) == 2
    assert client.ask(path, "--range", "100-199").body == CONTENT[100:200]
    assert client.ask(path, "--range", "100-199").status == 206
    assert client.ask(path, "--header", f'If-None-Match: "{digest}"').status == 304
