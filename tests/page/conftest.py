"""The page in a real browser, at the product's front door, before the real registry with 10,000 repositories."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, HttpCredentials, Page, expect

from rehearsal.contract import product
from rehearsal.room import door
from rehearsal.room.browser import browser_root, open_browser
from rehearsal.room.isolation import Room
from rehearsal.room.names import add_repositories
from tests.support.door_client import FRONT, IMAGES, PASSWORD_OF, Client
from tests.support.door_room import room_of, write_users

REPOSITORIES = 10_000
Visit = Callable[..., Page]


@pytest.fixture(scope="package")
def room() -> Iterator[Room]:
    with room_of(lambda workplace: browser_root(workplace, print)) as room:
        yield room


@pytest.fixture(scope="package")
def client(room: Room) -> Client:
    write_users(room)
    client = Client(room)
    client.start_registry()
    add_repositories(room, IMAGES, (f"old/{n // 100:02}/service-{n:05}" for n in range(REPOSITORIES)))
    door.start_door(room)
    return client


@pytest.fixture(scope="package")
def browser(client: Client) -> Iterator[Browser]:
    expect.set_options(timeout=30_000)
    with open_browser(client.room) as browser:
        yield browser


@contextmanager
def logged_in(browser: Browser, user: str, password: str | None = None, **options: Any) -> Iterator[BrowserContext]:
    """The browser's own password dialog, answered at the registry's address only."""
    login = HttpCredentials(username=user, password=password or PASSWORD_OF[user], origin=FRONT)
    context = browser.new_context(http_credentials=login, **options)
    try:
        yield context
    finally:
        context.close()


@contextmanager
def facts(room: Room) -> Iterator[Callable[..., None]]:
    """Write files, by path and content, as the host does for the page; until the end of the block."""
    folder = room.place(product.PAGE_FACTS)

    def write(path: str, **content: Any) -> None:
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(content))

    try:
        yield write
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Open the page at `#/PATH` as a user. At the end of the test, no page may have reported an error."""
    errors: list[str] = []
    with ExitStack() as opened:

        def open_page(path: str = "", user: str = "pusher", **options: Any) -> Page:
            context = opened.enter_context(logged_in(browser, user, **options))
            context.on("weberror", lambda error: errors.append(str(error.error)))
            page = context.new_page()
            page.on("console", lambda message: errors.append(message.text) if "Policy" in message.text else None)
            page.goto(f"{FRONT}/#/{path}")
            return page

        yield open_page
    assert errors == []
