"""Bad days of what the registry depends on, in the front door's room: what clients get meanwhile, and what is lost.

docker, skopeo and crane each push a new image and pull another when the bad day begins, with their own patience and
their own retries. After it, each push that a client called done is pulled back whole, and each other is repeated.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench import page
from bench.dependencies.stand import ABSENT, CLIENTS, Done, Stand, stand_up
from bench.page import Target
from rehearsal.machine.root_layers import Say
from rehearsal.room import s3

BAD_SECONDS, PATIENCE_SECONDS = 15, 90
WELL_SECONDS, MOST_SECONDS = 5, 60
# How long a look at the front door waits: longer than Docker does.
LOOK_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Day:
    """``moods`` are of the servers of rehearsal/room/s3.py. Credentials are good for ``life_seconds``."""

    what: str
    moods: dict[str, str]
    life_seconds: int = s3.LIFE_SECONDS


DAYS = (
    Day("S3 answers 500", {"s3": "error 500"}),
    Day("S3 answers 503 SlowDown", {"s3": "error 503"}),
    Day("S3 answers 503 to three of ten requests", {"s3": "error 503 0.3"}),
    Day("S3 answers 403", {"s3": "error 403"}),
    Day("S3 hangs", {"s3": "hang"}),
    Day("S3 resets connections half-way", {"s3": "cut"}),
    Day("S3 resets three of ten connections half-way", {"s3": "cut 0.3"}),
    Day("S3 is two seconds late", {"s3": "slow 2"}),
    Day("DNS loses half of all questions for S3", {"dns": "hang 0.5"}),
    Day("the host's clock is an hour behind", {"s3": "clock 3600"}),
    Day("the host's clock is an hour ahead", {"s3": "clock -3600"}),
    # The SDK replaces credentials five minutes before their end: these every second, and each push takes longer.
    Day("credentials are replaced every second during each push", {"s3": "slow 1"}, 301),
    Day("the metadata service is two seconds late", {"metadata": "slow 2"}, 305),
    Day("the metadata service hangs until the credentials have expired", {"metadata": "hang"}, 12),
)


@dataclass(frozen=True, slots=True)
class Seen:
    day: Day
    looks: dict[str, str]
    pushes: dict[str, Done]
    pulls: dict[str, Done]
    lost: tuple[str, ...]
    failed_again: tuple[str, ...]
    well_seconds: float

    @property
    def acknowledged(self) -> int:
        return sum(done.code == 0 for done in self.pushes.values())


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("numbers", nargs="*", type=int, metavar="N", help=f"only these of the {len(DAYS)} bad days")


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    """Returns whether nothing was lost, and all was well again in time."""
    days = [DAYS[number - 1] for number in arguments.numbers] or DAYS
    with stand_up(say) as stand:
        known = {client: _push_known(stand, client) for client in CLIENTS}
        seen = []
        for day in days:
            say(f"{day.what} …")
            seen.append(live_through(stand, day, known))
            say(f"acknowledged {seen[-1].acknowledged}, lost {len(seen[-1].lost)}, well {seen[-1].well_seconds:.1f} s")
    sections = {
        "What the front door answers meanwhile": looks_table(seen),
        "What clients say": clients_table(seen),
        "What is left of it": result_table(seen),
    }
    return page.report(arguments.output, "dependencies", sections, targets(seen) if len(seen) == len(DAYS) else ())


def _push_known(stand: Stand, client: str) -> str:
    name, _ = stand.make_image(client)
    done = stand.push(client, name).wait(PATIENCE_SECONDS)
    if done.code != 0 or not stand.is_kept(name):
        raise RuntimeError(f"{client} cannot push on a good day: {done.said}")
    return name


def live_through(stand: Stand, day: Day, known: dict[str, str]) -> Seen:
    stand.live_on(day.life_seconds)
    new = {client: stand.make_image(client)[0] for client in CLIENTS}
    for client in CLIENTS:
        stand.forget(client, known[client])
    for server, mood in day.moods.items():
        s3.set_mood(stand.room, mood, server)
    ends = time.monotonic() + BAD_SECONDS
    pushes = {client: stand.push(client, new[client]) for client in CLIENTS}
    pulls = {client: stand.pull(client, known[client]) for client in CLIENTS}
    looks = look(stand, known["crane"])
    time.sleep(max(ends - time.monotonic(), 0))
    for server in day.moods:
        s3.set_mood(stand.room, "", server)
    well_seconds = until_well(stand, known["crane"])
    pushed = {client: running.wait(PATIENCE_SECONDS) for client, running in pushes.items()}
    pulled = {client: running.wait(PATIENCE_SECONDS) for client, running in pulls.items()}
    lost = [client for client, done in pushed.items() if done.code == 0 and not stand.is_kept(new[client])]
    again = [client for client, done in pushed.items() if done.code != 0 and not _succeeds(stand, client, new[client])]
    return Seen(day, looks, pushed, pulled, tuple(lost), tuple(again), well_seconds)


def _succeeds(stand: Stand, client: str, name: str) -> bool:
    return stand.push(client, name).wait(PATIENCE_SECONDS).code == 0 and stand.is_kept(name)


def look(stand: Stand, known: str) -> dict[str, str]:
    """At each kind of request once, all at the same time."""
    repository, _, tag = known.partition("/")[2].partition(":")
    asked = {
        "login": stand.asking("/v2/", LOOK_SECONDS),
        "manifest": stand.asking(f"/v2/{repository}/manifests/{tag}", LOOK_SECONDS, as_health=True),
        "layer": stand.asking(f"/v2/{repository}/blobs/{ABSENT}", LOOK_SECONDS),
        "upload": stand.asking("/v2/looked/at/blobs/uploads/", LOOK_SECONDS, "--request", "POST"),
    }
    return {name: stand.answered(running, LOOK_SECONDS) for name, running in asked.items()}


def until_well(stand: Stand, known: str) -> float:
    """Seconds until a manifest is read and an upload begins."""
    since = time.monotonic()
    while time.monotonic() - since < MOST_SECONDS:
        seen = look(stand, known)
        if seen["manifest"].startswith("200") and seen["upload"].startswith("202"):
            break
        time.sleep(0.2)
    return time.monotonic() - since


def looks_table(seen: Sequence[Seen]) -> str:
    rows = [[each.day.what, *each.looks.values()] for each in seen]
    return page.table(("", "login", "manifest by tag", "layer that is not there", "begin of an upload"), rows)


def clients_table(seen: Sequence[Seen]) -> str:
    rows = [
        [each.day.what, client, *(_shown(done[client]) for done in (each.pushes, each.pulls))]
        for each in seen
        for client in CLIENTS
    ]
    return page.table(("", "client", "push", "pull"), rows)


def _shown(done: Done) -> str:
    if done.code == 0:
        return f"done after {done.seconds:.0f} s"
    said = done.said.strip().splitlines()[-1][-140:].replace("|", " ") if done.said.strip() else "nothing"
    end = f"exit code {done.code}" if done.code is not None else "no end"
    return f"{end} after {done.seconds:.0f} s: {said}"


def result_table(seen: Sequence[Seen]) -> str:
    rows = [
        [
            each.day.what,
            f"{each.acknowledged} of {len(CLIENTS)}",
            ", ".join(each.lost) or "nothing",
            ", ".join(each.failed_again) or "all succeed",
            page.number(each.well_seconds),
        ]
        for each in seen
    ]
    return page.table(("", "pushes acknowledged", "of them lost", "the others, repeated", "well again, s"), rows)


def targets(seen: Sequence[Seen]) -> list[Target]:
    return [
        Target("bad days of dependencies: acknowledged pushes lost", 0, [sum(len(each.lost) for each in seen)]),
        Target("refused pushes that fail again", 0, [sum(len(each.failed_again) for each in seen)]),
        Target(
            "longest time from the end of a bad day until all is well",
            WELL_SECONDS,
            [max(each.well_seconds for each in seen)],
            unit=" s",
        ),
    ]
