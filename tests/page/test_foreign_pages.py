"""Pages of other sites in the browser of a user who is logged in."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from rehearsal.room.isolation import Room
from tests.page.conftest import logged_in
from tests.support.door_client import FRONT, Client
from tests.support.page_images import push_image

Attack = Callable[[], list[tuple[str, int]]]
FOREIGN = "http://evil.example:8081"
POLICIES = "/etc/nginx/page/policies.conf"
# What a page may send without asking; what it must ask for; and a form, with which the whole window leaves the page.
# Chromium sends a login that it knows with the form only.
ATTACK = """async ([front, digest]) => {
  const upload = front + '/v2/team/target/blobs/uploads/';
  await fetch(upload, {method: 'POST', mode: 'no-cors', credentials: 'include'}).catch(String);
  for (const method of ['DELETE', 'PUT', 'PATCH'])
    await fetch(`${front}/v2/team/target/manifests/${digest}`, {method, credentials: 'include'}).catch(String);
  const form = Object.assign(document.createElement('form'), {method: 'POST', action: upload});
  document.body.append(form);
  setTimeout(() => form.submit());
}"""


@pytest.fixture(scope="module", autouse=True)
def foreign_site(room: Room) -> Iterator[None]:
    room.place("/srv/foreign").mkdir()
    room.place("/srv/foreign/index.html").write_text("<!DOCTYPE html><title>A foreign page</title><body>")
    room.start("foreign", "sh", "-c", "cd /srv/foreign && exec python3 -m http.server 8081")
    room.wait_for("foreign", "127.0.0.1:8081")
    yield
    room.stop("foreign")


@pytest.fixture
def attack(browser: Browser, client: Client) -> Iterator[Attack]:
    """Attack as a foreign page that a user opens after the registry's page; returns the methods and the statuses."""
    pushed = push_image(client, "team/target", "1")
    with logged_in(browser, "pusher") as context:

        def run() -> list[tuple[str, int]]:
            page = context.new_page()
            page.goto(f"{FRONT}/#/team/target")
            expect(page.locator(".rows > li")).to_have_count(1)
            page.goto(FOREIGN)
            seen: list[tuple[str, int]] = []
            page.on("response", lambda answer: seen.append((answer.request.method, answer.status)))
            with page.expect_response(lambda answer: answer.request.is_navigation_request()):
                page.evaluate(ATTACK, [FRONT, pushed.digest])
            return seen

        yield run
    assert client.ask(pushed.path).status == 200


def test_a_foreign_page_cannot_push_delete_or_start_an_upload(attack: Attack) -> None:
    seen = attack()
    assert ("POST", 403) in seen
    assert {status for method, status in seen if method != "GET"} == {403}


def test_without_the_refusal_the_same_page_would_start_an_upload(attack: Attack, room: Room) -> None:
    policies = room.place(POLICIES)
    as_it_is = policies.read_text()
    try:
        policies.write_text(as_it_is.replace("default 1;", 'default "";'))
        restart(room)
        assert ("POST", 202) in attack()
    finally:
        policies.write_text(as_it_is)
        restart(room)


def restart(room: Room) -> None:
    room.stop("nginx")
    room.start("nginx", "nginx", "-g", "daemon off;")
    room.wait_for("nginx", "127.0.0.1:443")
