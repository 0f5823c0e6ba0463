"""Who sees the page, and for how long."""

from playwright.sync_api import Browser, expect

from rehearsal.room import door
from rehearsal.room.isolation import Room
from tests.page.conftest import Visit, logged_in
from tests.support.door_client import FRONT, PASSWORD_OF, Client
from tests.support.door_room import write_users
from tests.support.page_images import push_image


def test_a_wrong_password_shows_nothing(browser: Browser) -> None:
    with logged_in(browser, "pusher", "a wrong one") as context:
        page = context.new_page()
        answer = page.goto(FRONT)
        assert answer is not None
        assert answer.status == 401
        assert "authentication required" in page.content()


def test_a_pull_user_sees_no_delete(visit: Visit, client: Client) -> None:
    push_image(client, "team/seen", "1")
    page = visit("team/seen:1", user="puller")
    expect(page.get_by_text("puller may pull")).to_be_visible()
    expect(page.get_by_role("heading", name="1 layer")).to_be_visible()
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    mine = visit("team/seen:1", user="pusher")
    expect(mine.get_by_role("button", name="Delete")).to_be_visible()


def test_a_revoked_user_sees_nothing_after_half_a_minute(browser: Browser, client: Client, room: Room) -> None:
    with logged_in(browser, "visitor") as context:
        page = context.new_page()
        page.clock.install()
        page.goto(FRONT)
        expect(page.get_by_text("visitor may pull")).to_be_visible()
        hashes = {name: door.hash_password(room, PASSWORD_OF[name]) for name in PASSWORD_OF if name != "visitor"}
        try:
            door.write_users(room, "pull", hashes)
            # nginx knows a login for one second.
            while client.ask("/v2/", user="visitor").status != 401:
                pass
            page.clock.fast_forward(30_000)
            expect(page.locator("h1")).to_have_text("You are not logged in")
            assert "old/" not in page.locator("body").inner_text()
        finally:
            write_users(room)
