"""Deleting: the confirmation names what else goes."""

from playwright.sync_api import expect

from tests.page.conftest import Visit
from tests.support.door_client import Client
from tests.support.page_images import push_image


def status_of(client: Client, repository: str, *references: str) -> list[int]:
    return [client.ask(f"/v2/{repository}/manifests/{each}").status for each in references]


def test_the_confirmation_names_every_other_tag_and_the_image_goes_with_them(visit: Visit, client: Client) -> None:
    pushed = push_image(client, "team/shared", "1.0", "1", "latest")
    push_image(client, "team/shared", "2.0", layers=("another",))
    page = visit("team/shared:1.0")
    page.get_by_role("button", name="Delete …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("The image.").check()
    expect(dialog.get_by_role("listitem")).to_have_text(["1", "latest"])
    dialog.get_by_role("button", name="Delete").click()
    expect(page.locator("h1")).to_have_text("team/shared")
    expect(page.locator("#news")).to_have_text("Deleted 1.0, 1, latest.")
    expect(page.locator(".rows a")).to_have_text(["2.0"])
    assert status_of(client, "team/shared", "1.0", "1", "latest", pushed.digest, "2.0") == [404] * 4 + [200]


def test_only_the_tag_goes_unless_the_reader_chooses_the_image(visit: Visit, client: Client) -> None:
    pushed = push_image(client, "team/kept", "1.0", "1")
    page = visit("team/kept:1.0")
    page.get_by_role("button", name="Delete …").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("#news")).to_have_text("Deleted 1.0.")
    assert status_of(client, "team/kept", "1.0", "1", pushed.digest) == [404, 200, 200]


def test_cancel_and_escape_delete_nothing(visit: Visit, client: Client) -> None:
    push_image(client, "team/spared", "1.0")
    page = visit("team/spared:1.0")
    for key in ("Enter", "Escape"):
        # The focus is on Cancel.
        page.get_by_role("button", name="Delete …").click()
        expect(page.get_by_role("dialog")).to_contain_text("The image goes with it: it has no other tag.")
        page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_have_count(0)
    assert status_of(client, "team/spared", "1.0") == [200]
