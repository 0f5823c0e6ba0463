"""For everybody: no finding of axe, each view without a mouse, and pictures of the views for the documentation."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from rehearsal.contract.product import PROJECT
from tests.page.conftest import Visit, facts
from tests.support.door_client import Client
from tests.support.page_images import config_of, push_image, push_index

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
PICTURES = PROJECT / "docs/page"
NAME, AT = "shop/checkout", "2026-11-27T07:00:00Z"


@pytest.fixture(scope="module", autouse=True)
def image(client: Client) -> Iterator[None]:
    """Two images, who used them, and the health check's word."""
    platforms = {
        f"linux/{name}": push_image(
            client, NAME, config=config_of(name), layers=("base " * 900, f"server {name} " * 99)
        )
        for name in ("amd64", "arm64")
    }
    push_index(client, NAME, "2.4.1", "2.4", "latest", images=platforms)
    push_image(client, NAME, "2.3.0", layers=("base " * 900, "older"))
    with facts(client.room) as write:
        write("registry.json", health="OK", checked_at=AT, certificate_expires="2027-02-01T00:00:00Z", renewed_at=AT)
        used = {"pushed": {"at": AT, "by": "alice"}, "pulled": {"at": AT, "by": "cluster"}, "pulls_30_days": 1240}
        write(f"usage/{NAME}/_.json", **{"2.4.1": used, "2.4": used, "latest": used})
        yield


def all_repositories(page: Page) -> None:
    expect(page.locator("#count")).not_to_contain_text("so far")


def one_repository(page: Page) -> None:
    expect(page.locator(".rows > li").last).to_contain_text("sha256:")
    expect(page.locator(".space")).to_contain_text("in S3")


def one_image(page: Page) -> None:
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    expect(page.get_by_text("Nothing is attached.")).to_be_visible()


def deletion(page: Page) -> None:
    one_image(page)
    page.get_by_role("button", name="Delete …").click()
    expect(page.get_by_role("dialog").get_by_label("Only the tag")).to_be_checked()


VIEWS = {"": all_repositories, NAME: one_repository, f"{NAME}:2.4.1": one_image, f"{NAME}:2.4": deletion}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    visit: Visit, size: dict[str, int], scheme: str
) -> None:
    for path, is_shown in VIEWS.items():
        # axe itself breaks the rule of trusted types.
        page = visit(path, viewport=size, color_scheme=scheme, bypass_csp=True)
        is_shown(page)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_tag_is_found_and_its_deletion_is_left_without_a_mouse(visit: Visit) -> None:
    page = visit(NAME)
    one_repository(page)

    def reach(is_there: Callable[[], bool]) -> None:
        for _ in range(60):
            if is_there():
                return
            page.keyboard.press("Tab")
        raise AssertionError(page.evaluate("document.activeElement.outerHTML"))

    def focused(text: str) -> bool:
        return bool(page.evaluate("document.activeElement.textContent") == text)

    reach(lambda: focused("Skip to the content"))
    page.keyboard.press("Enter")
    reach(lambda: focused("2.4.1"))
    page.keyboard.press("Enter")
    one_image(page)
    reach(lambda: focused("Delete …"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_label("Only the tag")).to_be_visible()
    assert focused("Cancel")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert focused("Delete …")


@pytest.mark.parametrize(
    ("name", "path", "size", "scheme"),
    [
        ("repository", NAME, DESKTOP, "light"),
        ("image", f"{NAME}:2.4.1", DESKTOP, "dark"),
        ("delete", f"{NAME}:2.4", PHONE, "light"),
    ],
)
def test_the_documentation_has_a_picture_of_the_view(
    visit: Visit, name: str, path: str, size: dict[str, int], scheme: str, tmp_path: Path
) -> None:
    """Writes the picture if it is not there."""
    page = visit(path, viewport=size, color_scheme=scheme, user="pusher")
    VIEWS[path](page)
    picture = PICTURES / f"{name}.png"
    page.screenshot(path=tmp_path / picture.name if picture.exists() else picture)
    assert picture.stat().st_size < 120_000
    assert f"page/{picture.name}" in (PROJECT / "docs/page.md").read_text()
