"""What users push is text on the page, and never a document at the registry's address."""

from contextlib import suppress

import pytest
from playwright.sync_api import Error, expect

from tests.page.conftest import Visit
from tests.support.door_client import FRONT, OCI_MANIFEST, Client, Pushed
from tests.support.page_images import config_of, push_image

SCRIPT = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
BACKWARDS = "safe\u202etxt.exe\u2066"
LARGE = "0123456789" * 10_000


@pytest.fixture(scope="module")
def hostile(client: Client) -> Pushed:
    labels = {"script": SCRIPT, SCRIPT: "a value", "backwards": BACKWARDS, "large": LARGE}
    config = config_of(
        os=SCRIPT,
        author=SCRIPT,
        created=SCRIPT,
        config={"Labels": labels, "Env": [f"PATH={SCRIPT}", SCRIPT, 7], "User": SCRIPT, "Entrypoint": [SCRIPT]},
        history=[{"created_by": SCRIPT}, {"comment": BACKWARDS}, {}],
    )
    annotations = {SCRIPT: LARGE, "org.opencontainers.image.created": SCRIPT}
    return push_image(client, f"hostile/{'long-' * 48}name", "1__.__-", config=config, annotations=annotations)


@pytest.mark.parametrize("width", [320, 1280])
def test_hostile_labels_annotations_and_history_are_shown_as_text(visit: Visit, hostile: Pushed, width: int) -> None:
    page = visit(f"{hostile.repository}:1__.__-", viewport={"width": width, "height": 800})
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    main = page.locator("main")
    expect(main.get_by_text(SCRIPT)).not_to_have_count(0)
    assert main.locator("img, script, iframe").count() == 0
    assert "taken" not in page.title()
    expect(main).to_contain_text("safe⟨U+202E⟩txt.exe⟨U+2066⟩")
    assert LARGE not in main.inner_text()
    page.get_by_text("(100,000 characters)").last.click()
    expect(page.get_by_text(LARGE)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_hostile_text_is_shown_as_text_in_the_lists(visit: Visit, hostile: Pushed) -> None:
    page = visit(hostile.repository)
    expect(page.locator(".rows > li")).to_contain_text(SCRIPT)
    assert page.locator("main img, main script").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_pushed_document_is_never_rendered_at_the_registry_s_address(visit: Visit, client: Client) -> None:
    html = "<html><script>document.title = 'taken'</script><h1 id=shown>A login form</h1></html>"
    digest = client.push_blob("hostile/page", html)
    claims_html = push_image(client, "hostile/page", "1", annotations={"html": html}, config_type="text/html")
    page = visit()
    for path in (f"/v2/hostile/page/blobs/{digest}", claims_html.path, f"/page/configuration/hostile/page/{digest}"):
        answer = client.ask(path, accept=f"{OCI_MANIFEST}, text/html")
        policy = answer.headers["content-security-policy"]
        assert (answer.status in (200, 206), policy) == (True, ["default-src 'none'; sandbox; frame-ancestors 'none'"])
        assert answer.headers["x-content-type-options"] == ["nosniff"]
        # The browser downloads what it must not render, and says so as an error of the navigation.
        with suppress(Error):
            page.goto(f"{FRONT}{path}")
        assert page.locator("#shown").count() == 0
        assert page.title() != "taken"


@pytest.mark.parametrize(
    "path", ["%E0%A4%A", "team/../../page/me.json?:x", "team/app:../../../../page/me.json", "A//b:c"]
)
def test_a_link_to_another_address_shows_no_image(visit: Visit, path: str) -> None:
    page = visit(path)
    expect(page.get_by_role("alert")).to_have_text("There is no such image.")
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
