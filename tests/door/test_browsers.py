"""Web pages of other origins, which use the registry in a user's browser by the CORS protocol."""

import json
import time
from collections.abc import Iterator

import pytest

from rehearsal.room import door
from rehearsal.room.isolation import Room
from tests.support.door_client import Client

PAGE, OTHER = "https://ui.example.com", "https://evil.example"


@pytest.fixture(scope="module", autouse=True)
def allowed_page(client: Client, room: Room) -> Iterator[None]:
    for pages, status in (((PAGE, "http://localhost:8080"), 204), ((), 403)):
        door.write_browser_origins(room, *pages)
        room.run("nginx", "-s", "reload")
        while client.ask("/v2/", *preflight(PAGE), user=None).status != status:
            time.sleep(0.1)
        if pages:
            yield


def preflight(origin: str, method: str = "GET") -> tuple[str, ...]:
    asked = (
        "--header",
        f"Access-Control-Request-Method: {method}",
        "--header",
        "Access-Control-Request-Headers: authorization",
    )
    return ("--request", "OPTIONS", "--header", f"Origin: {origin}", *asked)


@pytest.mark.parametrize("path", ["/v2/", "/v2/_catalog", "/v2/team/app/manifests/1.0", "/v2/team/app/tags/list"])
@pytest.mark.parametrize("origin", [PAGE, "http://localhost:8080"])
def test_an_allowed_page_may_ask_with_a_login(client: Client, path: str, origin: str) -> None:
    answer = client.ask(path, *preflight(origin), user=None)
    assert answer.status in (200, 204)
    assert answer.body == ""
    assert answer.headers["access-control-allow-origin"] == [origin]
    assert answer.headers["access-control-allow-methods"] == ["GET, HEAD, DELETE"]
    assert "authorization" in answer.headers["access-control-allow-headers"][0].lower()
    assert answer.headers["access-control-allow-credentials"] == ["true"]


@pytest.mark.parametrize("origin", [OTHER, f"{PAGE}.evil.example", f"{PAGE}:8443", "null", "http://ui.example.com"])
@pytest.mark.parametrize("user", [None, "pusher"])
def test_any_other_page_is_refused(client: Client, origin: str, user: str | None) -> None:
    answer = client.ask("/v2/_catalog", *preflight(origin), user=user)
    assert answer.status == 403
    assert json.loads(answer.body)["errors"][0]["code"] == "DENIED"
    assert "browser_origins" in answer.body
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_an_allowed_page_reads_every_answer_and_a_login_is_still_needed(client: Client) -> None:
    pushed = client.push("team/page", tag="1.0")
    for path, user, status in [
        ("/v2/", None, 401),
        ("/v2/_catalog", "puller", 200),
        (pushed.path, "puller", 200),
        (pushed.path, "puller", 200),
        ("/v2/team/page/manifests/none", "puller", 404),
    ]:
        answer = client.ask(path, "--header", f"Origin: {PAGE}", user=user)
        assert answer.status == status
        assert answer.headers["access-control-allow-origin"] == [PAGE]
        assert "Docker-Content-Digest" in answer.headers["access-control-expose-headers"][0]
        assert answer.headers["vary"] == ["Origin"]
    as_page = ("--request", "DELETE", "--header", f"Origin: {PAGE}", "--header", "Sec-Fetch-Site: cross-site")
    assert "may pull, not push" in client.ask(pushed.path, *as_page, user="puller").body
    assert client.ask(pushed.path, *as_page, user="pusher").status == 202


@pytest.mark.parametrize("options", [(), ("--header", f"Origin: {OTHER}")])
def test_without_an_allowed_page_no_answer_has_a_header_of_the_protocol(
    client: Client, options: tuple[str, ...]
) -> None:
    answer = client.ask("/v2/_catalog", *options)
    assert answer.status == 200
    assert not [name for name in answer.headers if name.startswith("access-control-") or name == "vary"]


def test_options_without_an_origin_needs_a_login(client: Client) -> None:
    assert client.ask("/v2/", "--request", "OPTIONS", user=None).status == 401
