"""The page in a real browser, at the front door of a registry with 10,000 repositories, one of them with 1,000 tags."""

import argparse
import os
import re
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from playwright.sync_api import Browser, HttpCredentials, Page, expect

from bench import page
from bench.page import Target
from rehearsal.age import bucket
from rehearsal.machine import fitness, parts
from rehearsal.machine.root_layers import Say
from rehearsal.machine.workplace import Workplace
from rehearsal.room import door
from rehearsal.room.browser import browser_root, open_browser
from rehearsal.room.isolation import Room, RoomError, cpu_seconds, open_room
from rehearsal.room.names import add_repositories
from rehearsal.room.registry_server import PROGRAM, filesystem, start_registry

USER, PASSWORD = "reader", "a password"
IMAGES, REPOSITORIES = "/srv/images", 10_000
# Six tags each.
GIANT, GIANT_IMAGES = "app/monolith", 167
ROUNDS = 5
SERVERS = ("nginx", "auth", "registry")
# transferSize counts 300 bytes for the headers of each answer: https://www.w3.org/TR/resource-timing/
SENT = """() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .map((entry) => [new URL(entry.name).pathname, entry.transferSize])"""


@dataclass(frozen=True, slots=True)
class View:
    """Medians: seconds until a reader can use it, and until it is complete; requests; kilobytes of the page's own files
    and of data; the servers' processor time in milliseconds."""

    usable: float
    complete: float
    requests: float
    page_kilobytes: float
    data_kilobytes: float
    server_milliseconds: float


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    workplace = Workplace.of_this_machine()
    fitness.make_fit(workplace, say)
    with stand(workplace, say) as room, open_browser(room) as browser:
        say("looking at all repositories …")
        catalog = view(
            room, browser, "", lambda shown: expect(shown.locator("#count")).to_have_text("10,001 repositories")
        )
        say("looking at a thousand tags …")
        tags = view(room, browser, GIANT, has_details)
        typed = typing(browser)
    rows = [
        [name, *(page.number(value) for value in asdict(seen).values())]
        for name, seen in (("10,000 repositories", catalog), ("1,000 tags", tags))
    ]
    header = ("view", "usable (s)", "complete (s)", "requests", "page (kB)", "data (kB)", "servers' CPU (ms)")
    about = (
        f"{date.today().isoformat()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}. Chromium without a "
        f"cache and the servers on one machine, median of {ROUNDS}. Usable: the first rows are there and the search "
        "works. Complete: all names are read; or each tag on the screen has its details. The registry is on a file "
        f"system. A letter typed into the search of 10,000 repositories: {typed:.0f} ms until its result is shown."
    )
    targets = [
        Target("page: first view of 10,000 repositories", 1, [catalog.usable], unit=" s"),
        Target("page: list of 1,000 tags", 1, [tags.usable], unit=" s"),
        Target("page: its own files", 150, [catalog.page_kilobytes], unit=" kB"),
    ]
    return page.report(arguments.output, "browser", {"Views": f"{about}\n\n{page.table(header, rows)}"}, targets)


@contextmanager
def stand(workplace: Workplace, say: Say) -> Iterator[Room]:
    """The front door, its registry and a browser in a room. Raises RoomError: the registry cannot be built."""
    registry = parts.prepare(workplace, parts.REGISTRY, say).path
    if registry is None:
        raise RoomError("the registry cannot be built from its Go module: see above")
    with open_room(browser_root(workplace, say)) as room:
        shutil.copy(registry, room.place(PROGRAM))
        door.make_certificate(room)
        door.place_files(room)
        door.write_users(room, "push", {})
        door.write_users(room, "pull", {USER: door.hash_password(room, PASSWORD)})
        bucket.prepare(room.place(IMAGES))
        bucket.write_images(room.place(IMAGES), GIANT, 0, GIANT_IMAGES)
        add_repositories(room, IMAGES, (f"team-{n // 100:02}/service-{n:04}" for n in range(REPOSITORIES)))
        start_registry(room, "registry", door.BEHIND, filesystem(IMAGES))
        door.start_door(room)
        yield room


@contextmanager
def visited(browser: Browser, path: str) -> Iterator[Page]:
    """The page at this path, with an empty cache, once its first rows are there."""
    login = HttpCredentials(username=USER, password=PASSWORD, origin=f"https://{door.DOMAIN}")
    context = browser.new_context(http_credentials=login)
    shown = context.new_page()
    shown.goto(f"https://{door.DOMAIN}/#/{path}", wait_until="commit")
    shown.locator(".rows > li").first.wait_for()
    yield shown
    context.close()


def view(room: Room, browser: Browser, path: str, is_complete: Callable[[Page], None]) -> View:
    seen = []
    for _ in range(ROUNDS):
        before, began = cpu_seconds(room, SERVERS), time.monotonic()
        with visited(browser, path) as shown:
            usable = time.monotonic() - began
            is_complete(shown)
            complete = time.monotonic() - began
            sent: list[tuple[str, int]] = shown.evaluate(SENT)
            used = 1000 * (cpu_seconds(room, SERVERS) - before)
        own = sum(size for name, size in sent if Path(name).suffix in {"", ".js", ".css", ".svg"} and "v2" not in name)
        data = sum(size for _, size in sent) - own
        seen.append((usable, complete, len(sent), own / 1000, data / 1000, used))
    return View(*map(statistics.median, zip(*seen, strict=True)))


def has_details(shown: Page) -> None:
    expect(shown.locator("#count")).to_have_text(re.compile("^1,002 tags"))
    for row in range(5):
        expect(shown.locator(".rows > li").nth(row)).to_contain_text("sha256:")


def typing(browser: Browser) -> float:
    """Milliseconds for one letter, in the browser itself."""
    with visited(browser, "") as shown:
        expect(shown.locator("#count")).to_have_text("10,001 repositories")
        milliseconds: float = shown.evaluate("""async () => {
            const field = document.getElementById('search');
            const began = performance.now();
            for (const text of ['s', 'se', 'ser', 'serv', 'service-9', 'service-99', 'service-9', 'serv', 'se', '']) {
              field.value = text;
              field.dispatchEvent(new Event('input'));
              await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
            }
            return (performance.now() - began) / 10;
        }""")
        return milliseconds
