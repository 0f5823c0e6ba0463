"""Bad days of what the registry depends on, in the rehearsal that is up: what clients see, which mails come, what a
host that boots meanwhile says, what is lost, and how long it takes until all is well.

Each day has one fault of rehearsal/faults, from a registry that is well. A client pulls all the time, and pushes when
the day has begun. The functions are run meanwhile, as often as they need for a mail.
"""

import argparse
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import page
from bench.deaths import tally
from bench.deaths.belongings import belongings, host
from bench.deaths.kinds import KINDS, Kind
from bench.deaths.pulls import Pulls, seconds_until_pulls_work
from bench.incidents import Incidents
from rehearsal.contract import product
from rehearsal.error import RehearsalError
from rehearsal.faults.fault import Target
from rehearsal.machine.oci_layout import REFERENCE, Image, pack, write_image
from rehearsal.machine.registry_image import architecture
from rehearsal.machine.root_layers import Say
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.client import CommandFailedError
from rehearsal.outside.world import World

CLIENT_SECONDS, BOOT_SECONDS, MOST_SECONDS = 30, 90, 240
WELL_SECONDS = 60
# Of timeout(1).
LATE = "exit code 124"
MOST_LETTERS = 200
LAYER_BYTES = 300_000


@dataclass(frozen=True, slots=True)
class Day:
    """``event`` is one of KINDS, and happens to the host when the day has begun. ``renews``: the certificate may be
    another one afterwards, that of the state bucket."""

    what: str
    fault: str
    event: str = ""
    renews: bool = False


DAYS: Mapping[str, Day] = {
    **{
        fault: Day(what, fault, renews=fault.startswith("renewal-"))
        for fault, what in {
            "s3-errors": "S3 answers 500",
            "s3-slows-down": "S3 answers 503 SlowDown",
            "s3-denied": "S3 answers 403",
            "s3-hangs": "S3 hangs",
            "s3-cuts": "S3 resets connections half-way",
            "s3-slow": "S3 is two seconds late",
            "renewal-ca-down": "the certificate authority is down",
            "renewal-slow": "the certificate authority is five seconds late",
            "renewal-rate-limited": "the certificate authority limits the rate",
            "renewal-wrong-chain": "the certificate authority sends a wrong chain",
            "metadata-silent": "the metadata service is silent",
            "dns-stutters": "DNS loses half of all questions",
            "disk-full": "the host's disk is full during a push",
            "renewal-disk-full": "the host's disk is full during a renewal",
            "clock-wrong": "the host's clock is an hour behind",
            "clock-ahead": "the host's clock is an hour ahead",
        }.items()
    },
    "throttled-boot": Day("Parameter Store throttles, and the host is replaced", "parameters-throttled", "terminated"),
    "denied-boot": Day("Parameter Store denies, and the host is replaced", "parameters-denied", "terminated"),
    "images-boot": Day(
        "the image registry is unreachable, and the host is replaced", "images-unreachable", "terminated"
    ),
    "images-reboot": Day("the image registry is unreachable, and the host reboots", "images-unreachable", "reboot"),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """``push`` and ``pull`` are empty if they were done, else the client's last words. ``mails`` are their subjects.
    ``said`` is what hosts that booted wrote to the host log. ``lost`` names what was not as before."""

    day: str
    push: str
    pull: str
    mails: tuple[str, ...]
    said: tuple[str, ...]
    lost: tuple[str, ...]
    well_seconds: float


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("days", nargs="*", metavar="DAY", help=", ".join(DAYS))
    about = "a file to which each day is added; the report is about all in it"
    parser.add_argument("--tally", type=Path, metavar="FILE", help=about)
    parser.add_argument("--report", action="store_true", help="only report what the tally has")


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    """Returns whether nothing was lost."""
    if unknown := sorted(set(arguments.days) - set(DAYS)):
        raise RuntimeError(f"no such day: {', '.join(unknown)}. There are {', '.join(DAYS)}")
    seen = {each.day: each for each in tally.read(arguments.tally, Seen)}
    if not arguments.report:
        _live_through(arguments, seen, say)
    return page.report(arguments.output, "dependencies", {"In a rehearsal": table(seen)}, targets(seen))


def _live_through(arguments: argparse.Namespace, seen: dict[str, Seen], say: Say) -> None:
    bench = Bench()
    for name in arguments.days or DAYS:
        say(f"{DAYS[name].what} …")
        seen[name] = bench.live_through(name)
        tally.add(arguments.tally, seen[name])
        say(json.dumps(asdict(seen[name])))


class Bench:
    def __init__(self) -> None:
        self.world = World.running(Workplace.of_this_machine())
        self.log_group = Target.newest(self.world).setting(product.HOST_LOG_GROUP)
        self.client = self.world.client()
        self.client.log_in()
        self.incidents = Incidents()
        self.known = self._make("known")
        self._push("known")

    def live_through(self, name: str) -> Seen:
        """Raises RehearsalError: it does not get well."""
        day = DAYS[name]
        self.incidents.begin_well()
        self._make(name)
        before, words_before = belongings(self.world, self.client), self._host_log()
        mails = len(self.incidents.subjects())
        failures: dict[str, str] = {}

        def meanwhile() -> None:
            if day.event:
                self._let_happen(day.event)
            with ThreadPoolExecutor() as pool:
                push = pool.submit(_failure, lambda: self._push(name))
                pull = pool.submit(_failure, lambda: self._pull("known"))
            failures.update(push=push.result(), pull=pull.result())

        with Pulls(self.client, self.known, self._reference("known")) as pulls:
            incident = self.incidents.run(day.fault, repair_ticks=0, meanwhile=meanwhile)
            _await(lambda: pulls.has_succeeded_since(incident.healed_at), MOST_SECONDS)
        self.incidents.begin_well()
        lost = before.differences(belongings(self.world, self.client), renews=day.renews) + ["image"] * pulls.differing
        if failures["push"]:
            self._push(name)
        lost += ["push"] * bool(_failure(lambda: self._pull(name)))
        return Seen(
            name,
            **failures,
            mails=tuple(subject.split("] ", 1)[-1] for subject in self.incidents.subjects(mails)),
            said=tuple(message for event, message in self._host_log().items() if event not in words_before),
            lost=tuple(lost),
            well_seconds=seconds_until_pulls_work(pulls.done, incident.healed_at),
        )

    def _make(self, name: str) -> Image:
        folder = self.client.work / f"days-{name}"
        # Left by an earlier run.
        shutil.rmtree(folder, ignore_errors=True)
        layer = pack({"payload": os.urandom(LAYER_BYTES)})
        return write_image(folder, layer, architecture=architecture(), config={})

    def _reference(self, name: str) -> str:
        return f"{self.world.domain}/days/{name}:1"

    def _push(self, name: str) -> None:
        """Raises CommandFailedError: it was refused, or took too long."""
        self._copy(f"oci:days-{name}:{REFERENCE}", f"docker://{self._reference(name)}")

    def _pull(self, name: str) -> None:
        """All of it. Raises CommandFailedError: it was refused, took too long, or a digest was wrong."""
        shutil.rmtree(self.client.work / "days-pulled", ignore_errors=True)
        self._copy(f"docker://{self._reference(name)}", "dir:days-pulled")

    def _copy(self, source: str, target: str) -> None:
        self.client.run("timeout", str(CLIENT_SECONDS), "skopeo", "copy", "--quiet", source, target)

    def _let_happen(self, event: str) -> None:
        """Until a host has said something new, or serves again."""
        kind, before = KINDS[event], self._host_log()
        life = kind.life(self.world)
        kind.die(self.world, host(self.world))
        _await(lambda: self._host_log() != before or _lives(kind, self.world) not in ("", life), BOOT_SECONDS)

    def _host_log(self) -> dict[str, str]:
        """What hosts say of themselves, by the event's id."""
        logs = self.world.aws("logs")
        streams = logs.describe_log_streams(logGroupName=self.log_group)["logStreams"]
        own = [each["logStreamName"] for each in streams if "/" not in each["logStreamName"]]
        found: dict[str, str] = {}
        for stream in own:
            events = logs.get_log_events(logGroupName=self.log_group, logStreamName=stream, startFromHead=True)
            found |= {f"{stream} {number}": each["message"] for number, each in enumerate(events["events"])}
        return found


def _lives(kind: Kind, world: World) -> str:
    """Empty while there is no host, or one without power."""
    try:
        return kind.life(world)
    except RehearsalError:
        return ""


def _failure(act: Callable[[], None]) -> str:
    """A client's last words; empty if it was done."""
    try:
        act()
    except CommandFailedError as error:
        words = str(error).strip().splitlines()[-1]
        return words if not words.endswith(LATE) else f"no end after {CLIENT_SECONDS} s"
    return ""


def _await(holds: Callable[[], bool], most_seconds: float) -> None:
    """Raises RehearsalError: the time is over."""
    deadline = time.monotonic() + most_seconds
    while not holds():
        if time.monotonic() > deadline:
            raise RehearsalError(f"still waiting after {most_seconds} s")
        time.sleep(0.5)


def table(seen: Mapping[str, Seen]) -> str:
    rows = [
        [
            DAYS[name].what,
            _cell(each.push, "done"),
            _cell(each.pull, "done"),
            ", ".join(each.mails) or "none",
            "; ".join(_cell(words) for words in each.said) or "-",
            ", ".join(each.lost) or "nothing",
            page.number(each.well_seconds),
        ]
        for name, each in ((name, seen[name]) for name in DAYS if name in seen)
    ]
    header = ("", "a push meanwhile", "a pull meanwhile", "mails", "host log", "lost", "well again, s")
    return page.table(header, rows)


def _cell(words: str, otherwise: str = "") -> str:
    """Its end, in one line."""
    return " ".join(words.replace("|", " ").split())[-MOST_LETTERS:] or otherwise


def targets(seen: Mapping[str, Seen]) -> list[page.Target]:
    """None before each day was seen."""
    if len(seen) < len(DAYS):
        return []
    lost = [sum(bool(each.lost) for each in seen.values())]
    well = [max(each.well_seconds for each in seen.values())]
    return [
        page.Target("bad days in a world after which something was lost", 0, lost),
        page.Target("longest time from the end of such a day until pulls work", WELL_SECONDS, well, unit=" s"),
    ]
