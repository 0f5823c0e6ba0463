"""The pull path of the front door beside the registry behind it: tags, links, lists, and pull storms, on S3."""

import argparse
import datetime
import os

from bench import page
from bench.door import lists, measure, report, tags
from bench.door.generators import load
from bench.door.measure import QUICK
from bench.door.rounds import Results, ceiling
from bench.door.setups import BARE, DELAY_MILLISECONDS, OURS, Setup, Stand, stand_up
from bench.door.targets import pull_targets
from rehearsal.machine import fitness
from rehearsal.machine.root_layers import Say
from rehearsal.machine.workplace import Workplace

CONNECTIONS = 64
LINKS_ONLY = "-links"
STORMS = (("storm", (), False), ("storm of links", (LINKS_ONLY,), False), ("storm again", (LINKS_ONLY,), True))
LINK = {"requests/s": "rps", "p50, ms": "p50", "p95, ms": "p95", "S3 requests each": "s3"}

LIST = {"ms": "ms", "S3 requests": "s3"}
BESIDE = {
    "p50 alone, ms": "p50 alone",
    "p95 alone, ms": "p95 alone",
    "p50, ms": "p50",
    "p95, ms": "p95",
    "lists": "answered",
    "refused": "refused",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=3, help="the numbers are medians of them (default: 3)")


def measure_pulls(arguments: argparse.Namespace, say: Say) -> bool:
    """Returns True: a missed target is a result."""
    fitness.make_fit(Workplace.of_this_machine(), say)
    results = Results()
    with stand_up("s3", [], say) as stand:
        both = [setup for setup in stand.setups if setup.name in (BARE, OURS)]
        for setup in both:
            stand.image[setup.name] = load(stand, setup, "image")
        for number in range(arguments.rounds):
            for setup in both if number % 2 == 0 else reversed(both):
                measure_setup(stand, setup, results, number)
            ceiling(stand, results, QUICK)
            say(f"round {number + 1} of {arguments.rounds}")
    page.report(arguments.output, "tags", {"Ours and bare": section(results, arguments.rounds)}, pull_targets(results))
    return True


def measure_setup(stand: Stand, setup: Setup, results: Results, number: int) -> None:
    seconds = 2 * QUICK.wrk_seconds
    for count in tags.COUNTS:
        results.add("s3", f"tags {count}", setup.name, tags.many(stand, setup, count, seconds))
    results.add("s3", "HEAD", setup.name, tags.head(stand, setup, seconds))
    link = measure.requests(stand, setup, "blob", CONNECTIONS, seconds)
    results.add("s3", f"blob {CONNECTIONS}", setup.name, link)
    lists.place(stand, setup)
    for name, path in lists.PAGES.items():
        results.add("s3", name, setup.name, lists.one(stand, setup, path))
    results.add("s3", "lists beside", setup.name, lists.beside(stand, setup))
    for name, options, again in STORMS:
        numbers = measure.storm(stand, setup, QUICK.storm_clients, number, *options, again=again)
        results.add("s3", name, setup.name, numbers)


def section(results: Results, rounds: int) -> str:
    def part(title: str, measurement: str, columns: dict[str, str]) -> str:
        return f"### {title}\n\n{report.setup_table(results, 's3', measurement, (BARE, OURS), columns)}"

    about = (
        f"{datetime.date.today().isoformat()}, {os.cpu_count()} cores shared by servers, clients, S3 and other work, "
        f"load of the last 15 min {os.getloadavg()[2]:.1f}; medians of {rounds} rounds in alternating order. S3 is "
        f"{DELAY_MILLISECONDS} ms away. The bare registry mostly waits for S3, ours for a core: so other work lowers "
        "the ratios."
    )
    parts = [
        *(part(f"{count:,} different tags, 64 connections", f"tags {count}", report.TAGS) for count in tags.COUNTS),
        part("HEAD of a tag, 64 connections", "HEAD", report.TAGS),
        part("Link to a layer, 64 connections", f"blob {CONNECTIONS}", LINK),
        report.ceiling_text(results, "s3"),
        *(part(f"List: {name}", name, LIST) for name in lists.PAGES),
        part("Pulls by tag, alone and beside 64 clients that list 10,000 tags", "lists beside", BESIDE),
        part("Pull storm, 200 clients, 8 layers", "storm", report.STORM),
        part("The same without what S3 sends", "storm of links", report.STORM),
        part("Without it, and with a login and an image of this half minute", "storm again", report.STORM),
    ]
    return "\n\n".join([about, *parts])
