"""What people find on the page: repositories, tags, images, and the lines to copy."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from rehearsal.room.isolation import Room
from rehearsal.room.names import add_tags
from rehearsal.room.registry_server import filesystem, start_registry
from tests.page.conftest import REPOSITORIES, Visit, facts
from tests.support.door_client import IMAGES, Client, Pushed
from tests.support.page_images import config_of, descriptor_of, push_image, push_index

SBOM, COSIGN = "application/spdx+json", "application/vnd.dev.cosign.simplesigning.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"


@pytest.fixture(scope="module")
def image(client: Client) -> Pushed:
    """Of two platforms, signed by cosign, with an SBOM."""
    images = {
        f"linux/{name}": push_image(client, "team/app", config=config_of(name), layers=("base", f"server of {name}"))
        for name in ("amd64", "arm64")
    }
    image = push_index(client, "team/app", "2.10", "latest", images=images, annotations={"made-by": "a test"})
    push_image(client, "team/app", artifactType=SBOM, config_type=EMPTY, subject=descriptor_of(image), layers=("{}",))
    push_image(client, "team/app", f"{image.digest.replace(':', '-')}.sig", layers=("signed",))
    push_image(client, "team/app", "2.9", layers=("older",))
    return image


def shown(page: Page) -> str:
    return page.locator("main").inner_text()


@pytest.mark.usefixtures("image")
def test_all_repositories_are_there_and_search_finds_one_as_one_types(visit: Visit) -> None:
    page = visit()
    expect(page.locator("#count")).to_contain_text(re.compile(r"^10,\d{3} repositories$"))
    page.get_by_label("Search repositories").press_sequentially("e-0999")
    expect(page.locator("#count")).to_contain_text("10 of 10,")
    expect(page.locator(".rows a")).to_have_text([f"old/99/service-0999{n}" for n in range(10)])
    page.get_by_label("Search repositories").fill("TEAM/app")
    page.get_by_role("link", name="team/app", exact=True).click()
    expect(page.locator("h1")).to_have_text("team/app")


def test_the_list_of_repositories_grows_as_the_reader_scrolls(visit: Visit) -> None:
    page = visit()
    expect(page.locator("#count")).to_contain_text("0 repositories")
    first = page.locator(".rows > li").count()
    assert first < REPOSITORIES / 10
    page.keyboard.press("End")
    expect(page.locator(".rows > li").nth(first)).to_be_attached()


def test_a_tag_shows_size_platforms_time_digest_and_the_newest_version_comes_first(visit: Visit, image: Pushed) -> None:
    page = visit("team/app")
    expect(page.locator(".rows > li > a")).to_have_text(["latest", "2.10", "2.9"])
    row = page.locator(".rows > li").nth(1)
    expect(row).to_contain_text("linux/amd64, linux/arm64")
    expect(row).to_contain_text(image.digest[:19])
    expect(row).to_contain_text(re.compile(r"\d+ B for linux/amd64"))
    expect(row.locator("time")).to_have_attribute("datetime", "2026-11-20T10:00:00.000Z")
    expect(page.locator(".space")).to_contain_text("each layer counted once")
    page.get_by_label("tags of signatures").check()
    expect(page.locator(".rows > li")).to_have_count(5)


def test_a_thousand_tags_are_listed_at_once_and_only_seen_ones_are_asked_for(
    visit: Visit, client: Client, room: Room
) -> None:
    pushed = push_image(client, "team/monolith", "0")
    add_tags(room, IMAGES, "team/monolith", pushed.digest, (f"1.{n}" for n in range(999)))
    with client.counting("/v2/team/monolith/manifests/1.0") as asked_for_the_last:
        page = visit("team/monolith")
        expect(page.locator("#count")).to_have_text("1,000 tags")
        expect(page.locator(".rows > li").first).to_contain_text("linux/amd64")
    assert page.locator(".rows > li > a").first.inner_text() == "1.998"
    assert asked_for_the_last == []


def test_an_image_shows_its_layers_history_labels_environment_and_attachments(visit: Visit, image: Pushed) -> None:
    page = visit("team/app:2.10")
    expect(page.get_by_role("heading", name="2 layers")).to_be_visible()
    expect(page.get_by_role("link", name="SBOM")).to_be_visible()
    for text in (
        image.digest,
        "made-by",
        "org.opencontainers.image.source",
        "hello=world",
        "COPY server /server # buildkit",
        "/server",
        "--port 8080",
        "8080/tcp",
        "65532",
        "signature by cosign's tag",
    ):
        expect(page.locator("main")).to_contain_text(text)
    expect(page.locator("main")).to_contain_text("linux/amd64")
    page.get_by_label("Platform").select_option(label="linux/arm64")
    expect(page.locator("dd").filter(has_text="linux/arm64")).to_be_visible()


def test_the_lines_to_pull_by_tag_and_by_digest_can_be_copied(visit: Visit, image: Pushed) -> None:
    page = visit("team/app:2.10", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy: docker pull by tag").click()
    expect(page.get_by_role("status").filter(has_text="Copied: docker pull by tag")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "docker pull registry.example.com/team/app:2.10"
    page.get_by_text("By digest").click()
    page.get_by_role("button", name="Copy: podman pull by digest").click()
    expect(page.get_by_role("status").filter(has_text="Copied: podman pull by digest")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"podman pull registry.example.com/team/app@{image.digest}"
    assert "kubectl set image deployment/app app=registry.example.com/team/app:2.10" in shown(page)


@pytest.mark.usefixtures("image")
def test_who_pushed_and_pulled_a_tag_and_the_health_check_are_shown(visit: Visit, room: Room) -> None:
    at = "2026-11-27T07:00:00Z"
    with facts(room) as write:
        used = {"pushed": {"at": at, "by": "alice"}, "pulled": {"at": at, "by": "bob"}, "pulls_30_days": 12}
        write("usage/team/app/_.json", **{"2.9": used})
        risk = {"health": "AT RISK", "reason": "The disk is nearly full.", "runbook": "https://example.com/r"}
        write("registry.json", checked_at=at, certificate_expires=at, renewed_at=None, **risk)
        page = visit("team/app")
        row = page.locator(".rows > li").first
        told = re.compile(r"2\.9.*pushed .* by alice.*pulled .* by bob.*12 pulls in 30 days", re.DOTALL)
        expect(row).to_contain_text(told)
        expect(page.locator("#health")).to_contain_text("Registry: at risk")
        expect(page.locator("#health")).to_contain_text("The disk is nearly full.")
        expect(page.get_by_role("link", name="runbook")).to_have_attribute("href", "https://example.com/r")


@pytest.fixture
def empty_registry(client: Client, room: Room) -> Iterator[None]:
    room.stop("registry")
    start_registry(room, "registry", "127.0.0.1:5000", filesystem("/srv/empty"))
    yield
    room.stop("registry")
    client.start_registry()


@pytest.mark.usefixtures("empty_registry")
def test_an_empty_registry_shows_how_to_begin_with_its_own_name(visit: Visit) -> None:
    page = visit()
    expect(page.locator("h1")).to_have_text("This registry is empty")
    for line in ("docker login registry.example.com", "docker push registry.example.com/hello:1"):
        expect(page.get_by_text(line, exact=True)).to_be_visible()
