"""What nginx logs of pulls, pushes and deletions, as the host's program reads it."""

import json
import time
from base64 import b64encode
from collections.abc import Callable, Iterator

import pytest

from rehearsal.contract import product
from rehearsal.room import clock, door
from rehearsal.room.isolation import Room
from tests.support.door_client import DOCKER_MANIFEST, OCI_MANIFEST, PASSWORD_OF, Client
from tests.support.door_room import write_users
from userdata.usage.log import Request, parse

HOSTILE = 'al"ice\\ 200\x01ü'
WRONG = "a wrong one"
Logged = Callable[[], list[Request]]


@pytest.fixture
def logged(room: Room) -> Logged:
    """What was logged since the last look, or since the test began."""
    rotated = f"{product.USAGE_LOG}.1"

    def since() -> list[Request]:
        # Each worker writes its buffer before it opens the log anew.
        room.run("mv", product.USAGE_LOG, rotated)
        room.run("nginx", "-s", "reopen")
        patience = time.monotonic() + 60
        while rotated in room.run("sh", "-c", "ls -l /proc/[0-9]*/fd; true").stdout:
            assert time.monotonic() < patience
            time.sleep(0.02)
        requests = [parse(line) for line in room.place(rotated).read_bytes().splitlines()]
        # The workers write one after the other.
        return sorted(requests, key=lambda request: request.at)

    since()
    return since


@pytest.fixture
def hostile_user(room: Room) -> Iterator[str]:
    hash_of = {"pusher": door.hash_password(room, PASSWORD_OF["pusher"]), HOSTILE: door.hash_password(room, "secret")}
    door.write_users(room, "pull", hash_of)
    door.write_users(room, "push", hash_of)
    yield HOSTILE
    write_users(room)


def test_a_push_names_user_address_tag_and_digest(client: Client, room: Room, logged: Logged) -> None:
    pushed = client.push("usage/push", tag="1.0")
    (request,) = logged()
    assert (request.user, request.address, request.method, request.kind) == ("pusher", "127.0.0.1", "PUT", "manifests")
    assert (request.repository, request.reference) == ("usage/push", "1.0")
    assert (request.status, request.digest) == (201, pushed.digest)
    assert abs(request.at - clock.seconds_ahead(room) - time.time()) < 60


@pytest.mark.parametrize("method", [(), ("--head",)])
def test_each_pull_of_a_tag_is_logged_cached_or_not(client: Client, logged: Logged, method: tuple[str, ...]) -> None:
    client.push("usage/pull", tag="1.0")
    for user in ("puller", "visitor", "puller"):
        assert client.ask("/v2/usage/pull/manifests/1.0", *method, user=user).status == 200
    _, *pulls = logged()
    assert [each.user for each in pulls] == ["puller", "visitor", "puller"]
    assert {(each.method, each.status) for each in pulls} == {("HEAD" if method else "GET", 200)}


def test_a_client_that_has_the_manifest_is_logged(client: Client, logged: Logged) -> None:
    pushed = client.push("usage/had", tag="1.0")
    known = ("--header", f'If-None-Match: "{pushed.digest}"')
    assert client.ask("/v2/usage/had/manifests/1.0", *known).status == 304
    assert [request.status for request in logged()] == [201, 304]


def test_pulls_by_digest_layers_lists_and_logins_are_not_logged(client: Client, logged: Logged) -> None:
    pushed = client.push("usage/other", tag="1.0")
    logged()
    layer = json.loads(pushed.body)["config"]["digest"]
    for path in (pushed.path, f"/v2/usage/other/blobs/{layer}", "/v2/usage/other/tags/list", "/v2/", "/v2/_catalog"):
        assert client.ask(path).status == 200
    assert client.ask("/v2/usage/other/manifests/absent").status == 404
    assert logged() == []


def test_the_health_checks_pulls_are_not_logged(client: Client, logged: Logged) -> None:
    client.push("usage/health", tag="1.0")
    logged()
    assert client.ask("/v2/usage/health/manifests/1.0", user="health").status == 200
    assert logged() == []


def test_deletions_are_logged(client: Client, logged: Logged) -> None:
    pushed = client.push("usage/delete", tag="1.0")
    logged()
    assert client.ask("/v2/usage/delete/manifests/1.0", "--request", "DELETE", user="pusher").status == 202
    client.delete(pushed)
    assert [(each.method, each.reference, each.status) for each in logged()] == [
        ("DELETE", "1.0", 202),
        ("DELETE", pushed.digest, 202),
    ]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_change_that_is_refused_is_logged(client: Client, logged: Logged, method: str) -> None:
    answer = client.ask("/v2/usage/refused/manifests/1.0", "--request", method, user="puller")
    assert answer.status == 403
    (request,) = logged()
    assert (request.user, request.method, request.status, request.digest) == ("puller", method, 403, "")


def test_a_push_that_the_registry_refuses_is_logged(client: Client, logged: Logged) -> None:
    options = ("--request", "PUT", "--header", f"Content-Type: {DOCKER_MANIFEST}", "--data", "{}")
    assert client.ask("/v2/usage/wrong/manifests/1.0", *options, user="pusher").status == 400
    assert [(each.reference, each.status) for each in logged()] == [("1.0", 400)]


@pytest.mark.parametrize("user", [None, "pusher", "nobody"])
def test_nobody_writes_a_line_without_a_login(client: Client, logged: Logged, user: str | None) -> None:
    for method in ("PUT", "DELETE", "GET"):
        path = "/v2/usage/none/manifests/1.0"
        assert client.ask(path, "--request", method, user=user, password=WRONG).status == 401
    assert logged() == []


@pytest.mark.parametrize(
    ("options", "status"),
    [(("--http1.0", "--header", "Host:"), 400), (("--header", "Content-Length: 5000000", "--http1.1"), 413)],
)
def test_nobody_writes_a_line_by_a_request_that_is_answered_before_the_login_check(
    client: Client, logged: Logged, options: tuple[str, ...], status: int
) -> None:
    path = "/v2/usage/none/manifests/1.0"
    answer = client.ask(path, "--request", "PUT", *options, user="pusher", password=WRONG)
    assert answer.status == status
    assert logged() == []


def test_a_change_that_the_health_checks_user_tries_is_logged(client: Client, logged: Logged) -> None:
    client.ask("/v2/usage/health/manifests/2.0", "--request", "PUT", user="health")
    assert [(each.method, each.status) for each in logged()] == [("PUT", 403)]


def test_no_name_of_a_user_forges_a_line(client: Client, logged: Logged, hostile_user: str) -> None:
    login = b64encode(f"{hostile_user}:secret".encode()).decode()
    path = "/v2/usage/hostile/manifests/1.0"
    client.ask(path, "--request", "DELETE", "--header", f"Authorization: Basic {login}", user=None)
    (request,) = logged()
    assert (request.user, request.method, request.reference) == (hostile_user, "DELETE", "1.0")


@pytest.mark.parametrize(
    "path",
    [
        '/v2/usage/a"b/manifests/1.0',
        "/v2/usage/a%22%0a%7b%7d/manifests/1.0",
        "/v2/usage/a/manifests/1.0%0a",
        "/v2/usage/../../etc/manifests/1.0",
        f"/v2/{'a' * 300}/manifests/1.0",
    ],
)
def test_no_path_forges_a_line(client: Client, logged: Logged, path: str) -> None:
    client.ask(path, "--request", "PUT", user="pusher", accept=OCI_MANIFEST)
    for request in logged():
        assert request.status in range(400, 500)
        assert set(request.repository) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-/")
        assert set(request.reference) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-:+ABC")


def test_no_line_holds_a_password(client: Client, room: Room, logged: Logged) -> None:
    client.push("usage/secret", tag="1.0")
    logged()
    text = room.place(product.USAGE_LOG).read_text()
    assert not [word for word in PASSWORD_OF.values() if word in text]
    assert "Basic" not in text
