"""Hosts and processes that die, in the rehearsal that is up: seconds until a client pulls again, and what was lost.

A client pulls all the time. AWS's own time to notice a dead host is not in the numbers: it takes minutes there, and
none here.
"""

import argparse
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import page
from bench.deaths.belongings import Belongings, begin_upload, belongings, moves, orders
from bench.deaths.kinds import KINDS, host
from bench.deaths.pulls import Pulls, seconds_until_pulls_work
from bench.page import Target
from bench.rolling.operations import longest_gap
from rehearsal.error import RehearsalError
from rehearsal.machine.oci_layout import REFERENCE, Image, pack, write_image
from rehearsal.machine.registry_image import architecture
from rehearsal.machine.root_layers import Say
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.client import Client, CommandFailedError
from rehearsal.outside.world import World

TIMES, MOST_SECONDS, REPLACEMENT_SECONDS = 10, 300, 60
REPOSITORY = "deaths/image"
LAYER_BYTES = 300_000


@dataclass(frozen=True, slots=True)
class Death:
    """``lost`` names what was not as before."""

    kind: str
    seconds: float
    orders: int
    lost: tuple[str, ...]


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--kinds", nargs="+", choices=KINDS, default=tuple(KINDS), metavar="KIND", help=", ".join(KINDS)
    )
    parser.add_argument("--times", type=int, default=TIMES, metavar="N", help=f"each kind (default: {TIMES})")
    about = "a file to which each death is added; the report is about all in it"
    parser.add_argument("--tally", type=Path, metavar="FILE", help=about)


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    """Returns whether everything survived, in time."""
    world = World.running(Workplace.of_this_machine())
    client = world.client()
    image = _prepare(world, client)
    before = belongings(world, client)
    deaths = _tallied(arguments.tally)
    for number in range(arguments.times):
        for name in arguments.kinds:
            death = _die(world, client, image, name, before)
            deaths.append(death)
            if arguments.tally:
                with arguments.tally.open("a") as file:
                    file.write(json.dumps(asdict(death)) + "\n")
            say(f"{number + 1}: {name}: {death.seconds:.1f} s{''.join(f', {each} LOST' for each in death.lost)}")
    return _report(arguments.output, deaths)


def _prepare(world: World, client: Client) -> Image:
    client.log_in()
    layout = client.work / "deaths"
    image = write_image(layout, pack({"payload": bytes(LAYER_BYTES)}), architecture=architecture(), config={})
    client.run("skopeo", "copy", "--quiet", f"oci:deaths:{REFERENCE}", f"docker://{world.domain}/{REPOSITORY}:1")
    return image


def _die(world: World, client: Client, image: Image, name: str, before: Belongings) -> Death:
    kind = KINDS[name]
    dying = host(world)
    life, ordered, moved = kind.life(world), orders(world), moves(world)
    finish_upload = begin_upload(world, client, REPOSITORY)
    with Pulls(client, image, f"{world.domain}/{REPOSITORY}:1") as pulls:
        _await_pull(pulls)
        died_at = time.monotonic()
        kind.die(world, dying)
        _await(lambda: kind.life(world) not in ("", life), f"{name}: nothing came in the place of {life}")
        _await_pull(pulls)
    lost = before.differences(belongings(world, client)) + ["image"] * pulls.differing
    if (host(world).id == dying.id) == kind.replaces:
        lost.append("host")
    if moves(world) - moved != kind.replaces:
        lost.append("way of the address")
    try:
        finish_upload()
    except CommandFailedError:
        lost.append("upload")
    done = [each for each in pulls.done if each.ended >= died_at]
    seconds = longest_gap(done) if kind.hands_over else seconds_until_pulls_work(done, died_at)
    return Death(name, seconds, orders(world) - ordered, tuple(lost))


def _await_pull(pulls: Pulls) -> None:
    """One that begins after now."""
    now = time.monotonic()
    _await(lambda: pulls.has_succeeded_since(now), "no pull works")


def _await(holds: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + MOST_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise RehearsalError(f"{otherwise} after {MOST_SECONDS} s")
        time.sleep(0.2)


def _tallied(tally: Path | None) -> list[Death]:
    if tally is None or not tally.exists():
        return []
    read = map(json.loads, tally.read_text().splitlines())
    return [Death(**{**each, "lost": tuple(each["lost"])}) for each in read]


def _report(output: Path, deaths: Sequence[Death]) -> bool:
    seconds: dict[str, list[float]] = defaultdict(list)
    for death in deaths:
        seconds[death.kind].append(death.seconds)
    rows = [
        [
            KINDS[name].what,
            "new" if KINDS[name].replaces else "same",
            str(len(found)),
            page.number(statistics.median(found)),
            page.number(max(found)),
            ", ".join(sorted({each for death in deaths if death.kind == name for each in death.lost})) or "nothing",
        ]
        for name, found in seconds.items()
    ]
    replacements = [death for death in deaths if KINDS[death.kind].replaces]
    header = ("death", "host", "times", "median, s", "worst, s", "lost")
    worst = {kind: max(found) for kind, found in seconds.items()}
    targets = [
        Target(
            f"seconds until a pull by a new host, worst: {', '.join(kind for kind in worst if _starts_host(kind))}",
            REPLACEMENT_SECONDS,
            [number for kind, number in worst.items() if _starts_host(kind)],
        ),
        Target(
            f"{len(replacements)} replacements: orders that the certificate authority saw",
            0,
            [sum(death.orders for death in replacements)],
        ),
        Target(
            f"{len(deaths)} deaths: image, users, certificate, HTTP secret, address or begun upload lost",
            0,
            [sum(bool(death.lost) for death in deaths)],
        ),
    ]
    return page.report(output, "deaths", {"Each kind of death": page.table(header, rows)}, targets)


def _starts_host(kind: str) -> bool:
    return KINDS[kind].replaces and not KINDS[kind].hands_over
