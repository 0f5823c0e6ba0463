"""Bad days of S3: clients get an error that they may retry and that names S3, and nothing acknowledged is lost."""

import json
from collections.abc import Iterator

import pytest

from rehearsal.contract import product
from rehearsal.room import door, s3
from rehearsal.room.isolation import Room
from tests.support.door_client import OCI_MANIFEST, Client
from tests.support.door_room import room_with_bad_days, write_users

PUT = ("--request", "PUT", "--header", f"Content-Type: {OCI_MANIFEST}", "--data-binary", "@-")
# Each is over in a second: the registry asks S3 four times at most.
MOODS = ("error 500", "error 403", "cut", "clock 3600")


@pytest.fixture(scope="module")
def bad_room() -> Iterator[Room]:
    with room_with_bad_days() as room:
        write_users(room)
        door.start_door(room)
        yield room


@pytest.fixture
def bad_client(bad_room: Room) -> Iterator[Client]:
    s3.set_mood(bad_room, "")
    yield Client(bad_room)
    s3.set_mood(bad_room, "")


@pytest.mark.parametrize("mood", MOODS)
def test_a_push_is_refused_by_a_server_error_that_names_s3_and_succeeds_again(bad_client: Client, mood: str) -> None:
    repository = f"bad/{mood.replace(' ', '-')}"
    pushed = bad_client.push(repository, tag="1.0")
    s3.set_mood(bad_client.room, mood)
    answers = [
        bad_client.ask(f"/v2/{repository}/manifests/2.0", *PUT, user="pusher", given=pushed.body),
        bad_client.ask(f"/v2/{repository}/blobs/uploads/", "--request", "POST", user="pusher"),
    ]
    for answer in answers:
        assert answer.status >= 500
        assert "s3aws" in json.loads(answer.body)["errors"][0]["detail"]
    s3.set_mood(bad_client.room, "")
    bad_client.put(pushed, "2.0")
    assert bad_client.ask(f"/v2/{repository}/manifests/2.0").body == pushed.body


def test_logins_and_manifests_that_were_read_before_need_no_s3(bad_client: Client) -> None:
    pushed = bad_client.push("bad/known", tag="1.0")
    assert bad_client.ask(pushed.path).body == pushed.body
    s3.set_mood(bad_client.room, "error 500")
    assert bad_client.ask("/v2/").status == 200
    assert bad_client.ask(pushed.path).body == pushed.body


def test_a_client_does_not_wait_for_an_s3_that_hangs(bad_client: Client) -> None:
    room = bad_client.room
    file = room.place(product.NGINX_CONFIGURATION)
    before = file.read_text()
    file.write_text(before.replace("proxy_read_timeout 60s;", "proxy_read_timeout 1s;"))
    assert file.read_text() != before
    room.stop("nginx")
    door.start_nginx(room)
    s3.set_mood(room, "hang")
    answer = bad_client.ask("/v2/bad/hangs/blobs/uploads/", "--request", "POST", user="pusher")
    assert (answer.status, json.loads(answer.body)["errors"][0]["code"]) == (408, "UNAVAILABLE")
