"""Hosts and processes that die, in the rehearsal that is up: seconds until a client pulls again, and what was lost.

A client pulls all the time. AWS's own time to notice a dead host is not in the numbers: it takes minutes there, and
none here.
"""

import argparse
import shutil
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import page
from bench.deaths import tally
from bench.deaths.belongings import begin_upload, belongings, host, moves, orders
from bench.deaths.kinds import KINDS
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

TIMES, MOST_SECONDS = 10, 300
NEW_HOST_SECONDS, RESTART_SECONDS = 60, 10
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
    parser.add_argument(
        "--times", type=int, default=TIMES, metavar="N", help=f"each kind (default: {TIMES}); 0 reports"
    )
    about = "a file to which each death is added; those in it count, and the report is about all of them"
    parser.add_argument("--tally", type=Path, metavar="FILE", help=about)


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    """Returns whether everything survived, in time."""
    deaths = tally.read(arguments.tally, Death)
    if not arguments.times:
        return _report(arguments.output, deaths)
    world = World.running(Workplace.of_this_machine())
    for death in _deaths(world, still_to_die(arguments.kinds, arguments.times, deaths)):
        deaths.append(death)
        tally.add(arguments.tally, death)
        say(f"{death.kind}: {death.seconds:.1f} s{''.join(f', {each} LOST' for each in death.lost)}")
    return _report(arguments.output, deaths)


def still_to_die(kinds: Sequence[str], times: int, deaths: Sequence[Death]) -> list[str]:
    """In turn, so that an early end leaves no kind far behind."""
    done = Counter(death.kind for death in deaths)
    return [kind for number in range(times) for kind in kinds if done[kind] <= number]


def _deaths(world: World, kinds: Sequence[str]) -> Iterator[Death]:
    client = world.client()
    image = _prepare(world, client)
    for name in kinds:
        yield _die(world, client, image, name)


def _prepare(world: World, client: Client) -> Image:
    client.log_in()
    layout = client.work / "deaths"
    # Left by an earlier run.
    shutil.rmtree(layout, ignore_errors=True)
    image = write_image(layout, pack({"payload": bytes(LAYER_BYTES)}), architecture=architecture(), config={})
    client.run("skopeo", "copy", "--quiet", f"oci:deaths:{REFERENCE}", f"docker://{world.domain}/{REPOSITORY}:1")
    return image


def _die(world: World, client: Client, image: Image, name: str) -> Death:
    kind = KINDS[name]
    dying, wanted = host(world), belongings(world, client)
    life, ordered, moved = kind.life(world), orders(world), moves(world)
    finish_upload = begin_upload(world, client, REPOSITORY)
    with Pulls(client, image, f"{world.domain}/{REPOSITORY}:1") as pulls:
        _await_pull(pulls)
        died_at = time.monotonic()
        kind.die(world, dying)
        _await(lambda: kind.life(world) not in ("", life), f"{name}: nothing came in the place of {life}")
        _await_pull(pulls)
    lost = wanted.differences(belongings(world, client), renews=kind.renews) + ["image"] * pulls.differing
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


def _report(output: Path, deaths: Sequence[Death]) -> bool:
    seconds: dict[str, list[float]] = defaultdict(list)
    for death in sorted(deaths, key=lambda death: list(KINDS).index(death.kind)):
        seconds[death.kind].append(death.seconds)
    rows = [
        [
            KINDS[kind].what,
            "new" if KINDS[kind].replaces else "same",
            str(len(found)),
            page.number(statistics.median(found)),
            page.number(max(found)),
            ", ".join(sorted({each for death in deaths if death.kind == kind for each in death.lost})) or "nothing",
        ]
        for kind, found in seconds.items()
    ]
    renewals = [death for death in deaths if KINDS[death.kind].renews]
    replacements = [death for death in deaths if KINDS[death.kind].replaces and death not in renewals]
    ordered = sum(death.orders for death in replacements)
    header = ("death", "host", "times", "median, s", "worst, s", "lost")
    text = (
        f"{page.table(header, rows)}\n\n{len(replacements)} new hosts, {ordered} orders at the certificate authority."
        f" Beside them {sum(death.orders for death in renewals)} orders of {len(renewals)} pairs of hosts that renewed."
    )
    worst = {kind: max(found) for kind, found in seconds.items()}
    new = [kind for kind in worst if KINDS[kind].replaces]
    killed = [kind for kind in worst if KINDS[kind].is_process]
    targets = [
        *(_both(kind, seconds[kind]) for kind in ("power-cut", "reboot")),
        Target("worst of each kind with a new host: seconds", NEW_HOST_SECONDS, [worst[kind] for kind in new]),
        Target("worst of each kind of killed process: seconds", RESTART_SECONDS, [worst[kind] for kind in killed]),
        Target("all new hosts: orders that the certificate authority saw", 0, [ordered]),
        Target("all deaths after which something was lost", 0, [sum(bool(death.lost) for death in deaths)]),
    ]
    return page.report(output, "deaths", {"Each kind of death": text}, targets)


def _both(kind: str, seconds: Sequence[float]) -> Target:
    measured = [statistics.median(seconds), max(seconds)] if seconds else []
    return Target(f"{kind}: seconds until a pull, median and worst", NEW_HOST_SECONDS, measured)
