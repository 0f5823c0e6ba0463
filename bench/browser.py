"""The page in a real browser, at the front door of a registry with 10,000 repositories, one of them with 1,000 tags, on
a file system and on S3 that is 30 ms away."""

import argparse
import os
import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from playwright.sync_api import Browser, HttpCredentials, Page, expect

from bench import page
from bench.door.setups import BUCKET, LOAD, ON_S3, STORAGES, build, driver, start_s3
from bench.page import Target
from rehearsal.age import bucket, plan
from rehearsal.machine import fitness
from rehearsal.machine.root_layers import Say
from rehearsal.machine.workplace import Workplace
from rehearsal.room import door
from rehearsal.room.browser import browser_root, open_browser
from rehearsal.room.furnished import built, furnished
from rehearsal.room.isolation import Room, cpu_seconds
from rehearsal.room.registry_server import start_registry

USER, PASSWORD = "reader", "a password"
REPOSITORIES, GIANT_IMAGES = 10_000, 167
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
    catalog: dict[str, View] = {}
    tags: dict[str, View] = {}
    for storage, name in STORAGES.items():
        with stand(workplace, storage, say) as room, open_browser(room) as browser:
            say(f"{name}: looking at all repositories …")
            catalog[name] = view(room, browser, "", has_all_repositories)
            say(f"{name}: looking at a thousand tags …")
            tags[name] = view(room, browser, plan.GIANT, has_details)
            typed = typing(browser)
    rows = [
        [what, storage, *(page.number(value) for value in asdict(seen).values())]
        for what, views in (("10,000 repositories", catalog), ("1,000 tags", tags))
        for storage, seen in views.items()
    ]
    numbers = ("usable (s)", "complete (s)", "requests", "page (kB)", "data (kB)", "servers' CPU (ms)")
    about = (
        f"{date.today().isoformat()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}. Chromium without a "
        f"cache and the servers on one machine, median of {ROUNDS}. Usable: the first rows are there and the search "
        "works. Complete: all names are read; or each tag on the screen has its details. A letter typed into the "
        f"search of 10,000 repositories: {typed:.0f} ms until its result is shown."
    )
    targets = [
        Target(f"page, file system and S3: {what}", 1, [seen.usable for seen in views.values()], unit=" s")
        for what, views in (("first view of 10,000 repositories", catalog), ("list of 1,000 tags", tags))
    ]
    own = max(seen.page_kilobytes for views in (catalog, tags) for seen in views.values())
    targets.append(Target("page: its own files", 150, [own], unit=" kB"))
    header = ("view", "storage", *numbers)
    return page.report(arguments.output, "browser", {"Views": f"{about}\n\n{page.table(header, rows)}"}, targets)


@contextmanager
def stand(workplace: Workplace, storage: str, say: Say) -> Iterator[Room]:
    """The front door, its registry and a browser in a room. Raises RoomError: a program cannot be built."""
    programs = built(workplace, ON_S3, say) | {LOAD: build(workplace, "load", say)}
    with furnished(browser_root(workplace, say), programs) as room:
        door.write_users(room, "push", {})
        door.write_users(room, "pull", {USER: door.hash_password(room, PASSWORD)})
        start_s3(room)
        say(f"filling {REPOSITORIES:,} repositories …")
        images = driver(storage, "images")
        fill(room.place(f"/srv/buckets/{BUCKET}/images" if storage == "s3" else images.settings["rootdirectory"]))
        start_registry(room, "registry", door.BEHIND, images)
        door.start_door(room)
        yield room


def fill(folder: Path) -> None:
    bucket.prepare(folder)
    bucket.write_images(folder, plan.GIANT, 0, GIANT_IMAGES)
    for number in range(REPOSITORIES):
        bucket.write_images(folder, plan.small(number), 0, 1)


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


def has_all_repositories(shown: Page) -> None:
    expect(shown.locator("#count")).to_have_text("10,001 repositories", timeout=180_000)


def has_details(shown: Page) -> None:
    expect(shown.locator("#count")).to_have_text(re.compile("^1,002 tags"))
    for row in range(5):
        expect(shown.locator(".rows > li").nth(row)).to_contain_text("sha256:")


def typing(browser: Browser) -> float:
    """Milliseconds for one letter, in the browser itself."""
    with visited(browser, "") as shown:
        has_all_repositories(shown)
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
