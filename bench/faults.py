#!/usr/bin/env python3
"""What the mails say when something breaks, measured in the rehearsal that is up, as Markdown tables.

    bench/faults [NAME ...]     every fault (or those named), one after the other: mail, cause, repair, resolved
    bench/faults --pairs 100    that many random pairs of faults at once
    bench/faults --healthy 200  that many ticks of a registry that is well

The functions' clock runs five minutes for each tick, an hour between incidents, and eight after one that replaced the
host, so that the next may too. The machine's clock is what the seconds are of.
"""

import argparse
import random
import statistics
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from botocore.exceptions import ClientError

from lambdas.judge.causes import CAUSES
from rehearsal.inside import control
from rehearsal.faults import FAULTS, Active, FaultError
from rehearsal.inside.mailbox import Mail, Mailbox
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.world import NoRehearsalError, World

BETWEEN_TICKS = timedelta(minutes=5)
BETWEEN_INCIDENTS = timedelta(hours=1)
AFTER_REPLACEMENT = timedelta(hours=8)
MOST_TICKS = 6
MOST_REPAIR_TICKS = 5
PAIR_REPAIR_TICKS = 1
NEW_HOST_SECONDS = 240
TITLES = {cause.title: cause_id for cause_id, cause in CAUSES.items()}
# What no mail can say, unless there is something to say: then the function fails, and its alarm rings.
UNTOLD = "alerts-undelivered"
# The health check starts a renewal, and a renewal that fails tells by itself; a name that leads elsewhere is one fault
# for both jobs.
ALSO_TOLD = {
    "certificate-expired": "renewal-ca-down",
    "certificate-expiring": "renewal-ca-down",
    "renewal-dns": "dns-elsewhere",
}
BESIDE_UNTOLD = "registry-stopped"
SEED = 20261124


class StuckError(Exception):
    """The registry is not well though everything was healed."""


class ImpossibleError(Exception):
    """One of the faults leaves nothing for the other to break."""


@dataclass(slots=True)
class Incident:
    """What was seen from the fault to the mail that says it is over."""

    names: tuple[str, ...]
    ticks_to_mail: int = 0
    seconds_to_mail: float = 0.0
    repaired_by: str = ""
    seconds_to_repair: float = 0.0
    subjects: list[str] = field(default_factory=list)

    @property
    def named(self) -> str:
        """The cause in the first mail; what AWS calls an alarm by its own name."""
        first = next(iter(self.subjects), "")
        return TITLES.get(first.split(": ", 1)[-1], first)

    @property
    def is_right(self) -> bool:
        expected = {*self.names, *(ALSO_TOLD[name] for name in self.names if name in ALSO_TOLD)}
        return self.named in expected or (UNTOLD in self.names and _is_alarm(self.named))


class Bench:
    def __init__(self) -> None:
        self._workplace = Workplace.of_this_machine()
        self.world = World.running(self._workplace)
        self.mailbox = Mailbox(self._workplace)
        self._active = Active(self._workplace)
        self._now = datetime.now(UTC)
        marker = self._workplace.run / "bench-clock"
        if marker.exists():
            self._now = max(self._now, datetime.fromisoformat(marker.read_text()))
        self._marker = marker
        self._pause = AFTER_REPLACEMENT
        self._is_well = False

    def tick(self, job: str = "health") -> dict[str, Any]:
        self._now += BETWEEN_TICKS
        self._marker.write_text(self._now.isoformat())
        told: dict[str, Any] = control.ask(self._workplace, "tick", job=job, at=self._now.isoformat())
        return told

    def begin_well(self) -> None:
        self._now += self._pause
        self._pause = BETWEEN_INCIDENTS
        if self._is_well:
            return
        for _ in range(MOST_TICKS):
            told = self.tick()
            if told["result"] and not told["result"]["cause"]:
                self._is_well = True
                return
            time.sleep(3)
        raise StuckError(f"not well before anything was broken: {told['result'] or told['error']}")

    def incident(self, *names: str, repair_ticks: int = MOST_REPAIR_TICKS) -> Incident:
        """Break, wait for the mail, let repairs be made, heal, wait for the mail that it is over."""
        self.begin_well()
        seen = Incident(names)
        job = "renew" if all(name.startswith("renewal-") for name in names) else "health"
        mails = len(self.mailbox.read())
        begun = self._break(names)
        self._is_well = False
        started = time.monotonic()
        # What CloudWatch says beside it is not the mail, unless there is no other.
        while seen.ticks_to_mail < MOST_TICKS and not any(
            UNTOLD in names or not _is_alarm(mail.subject) for mail in self._mails(mails)
        ):
            self._tick_in(seen, job)
            seen.ticks_to_mail += 1
        seen.seconds_to_mail = time.monotonic() - started
        if job == "health" and any(CAUSES[name].repairs for name in names):
            self._let_repair(seen, mails, repair_ticks)
        for name in reversed(begun):
            self._active.end(self.world, name)
        self._await_hosts()
        for _ in range(MOST_TICKS):
            if any("RESOLVED" in mail.subject for mail in self._mails(mails)):
                self._is_well = True
                break
            self.tick(job)
        if job == "health" and any("Renewal failed" in mail.subject for mail in self._mails(mails)):
            self.tick("renew")
        subjects = [mail.subject.split("] ", 1)[-1] for mail in self._mails(mails)]
        seen.subjects = sorted(subjects, key=_is_alarm)
        if seen.repaired_by == "instance":
            self._pause = AFTER_REPLACEMENT
        return seen

    def _mails(self, since: int) -> tuple[Mail, ...]:
        return self.mailbox.read()[since:]

    def _break(self, names: tuple[str, ...]) -> list[str]:
        begun: list[str] = []
        try:
            for name in names:
                self._active.begin(self.world, name)
                begun.append(name)
        except (FaultError, LookupError, ClientError, NoRehearsalError) as error:
            for name in reversed(begun):
                self._active.end(self.world, name)
            raise ImpossibleError(str(error)) from error
        return begun

    def _tick_in(self, seen: Incident, job: str) -> None:
        result = self.tick(job)["result"] or {}
        if repairs := result.get("repairs"):
            seen.repaired_by = str(repairs[-1]).split(":")[0]

    def _let_repair(self, seen: Incident, mails: int, ticks: int) -> None:
        started = time.monotonic()
        for _ in range(ticks):
            self._await_hosts()
            if any("RESOLVED" in mail.subject for mail in self._mails(mails)):
                seen.seconds_to_repair = time.monotonic() - started
                return
            self._tick_in(seen, "health")
        seen.repaired_by = ""

    def _await_hosts(self) -> None:
        """Every host that has power serves; five minutes would have passed."""
        deadline = time.monotonic() + NEW_HOST_SECONDS
        time.sleep(0.5)
        while time.monotonic() < deadline:
            powered = [host for host in self.world.hosts() if host.leader_pid is not None]
            if all(map(self.world.serves, powered)):
                return
            time.sleep(1)


def _is_alarm(subject: str) -> bool:
    """CloudWatch's own."""
    return subject.startswith("ALARM")


def measure_faults(bench: Bench, names: list[str]) -> bool:
    print("| fault | cause in the mail | ticks to mail | seconds | repaired by | seconds | mails |")
    print("|---|---|---|---|---|---|---|")
    good = True
    for name in names:
        try:
            seen = bench.incident(name) if name != UNTOLD else bench.incident(name, BESIDE_UNTOLD)
        except StuckError as stuck:
            print(f"| {name} | STUCK: {stuck} |", flush=True)
            return False
        kinds = ", ".join(subject.split(":")[0] for subject in seen.subjects)
        repair = f"{seen.seconds_to_repair:.0f}" if seen.repaired_by else ""
        right = "right" if seen.is_right else f"WRONG: {seen.named or 'no mail'}"
        good = good and seen.is_right
        print(
            f"| {name} | {right} | {seen.ticks_to_mail} | {seen.seconds_to_mail:.1f} | {seen.repaired_by or '-'}"
            f" | {repair} | {kinds} |",
            flush=True,
        )
    return good


def measure_pairs(bench: Bench, count: int, seed: int) -> bool:
    # Of this list the order matters, and so does the seed: the same pairs each time.
    names = sorted(set(FAULTS) - {UNTOLD})
    draw = random.Random(seed)  # noqa: S311  nothing secret is drawn
    good = done = 0
    print("| pair | cause in the mail | ticks to mail | mails |")
    print("|---|---|---|---|")
    while done < count:
        pair = tuple(draw.sample(names, 2))
        try:
            seen = bench.incident(*pair, repair_ticks=PAIR_REPAIR_TICKS)
        except StuckError as stuck:
            print(f"| {' + '.join(pair)} | STUCK: {stuck} |", flush=True)
            return False
        except ImpossibleError as impossible:
            print(f"{' + '.join(pair)} cannot be at once: {impossible}".splitlines()[0], file=sys.stderr)
            continue
        done += 1
        good += seen.is_right
        kinds = ", ".join(subject.split(":")[0] for subject in seen.subjects)
        right = seen.named if seen.is_right else f"WRONG: {seen.named or 'no mail'}"
        print(f"| {' + '.join(pair)} | {right} | {seen.ticks_to_mail} | {kinds} |", flush=True)
    print(f"\n{good} of {done} mails name one of the two.")
    return good == done


def measure_health(bench: Bench, count: int) -> bool:
    bench.begin_well()
    mails = len(bench.mailbox.read())
    told = [bench.tick() for _ in range(count)]
    sent = len(bench.mailbox.read()) - mails
    milliseconds = [each["duration_milliseconds"] for each in told]
    starts = [each["init_milliseconds"] for each in told]
    print(
        f"{count} ticks, {sent} mails; a tick takes {statistics.median(milliseconds):.0f} ms (median; longest"
        f" {max(milliseconds):.0f} ms), a cold start {statistics.median(starts):.0f} ms more,"
        f" and at most {max(each['memory_mib'] for each in told)} MiB"
    )
    return sent == 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="faults (default: all)")
    parser.add_argument("--pairs", type=int, default=0, metavar="N")
    parser.add_argument("--seed", type=int, default=SEED, help="of the pairs that are drawn")
    parser.add_argument("--healthy", type=int, default=0, metavar="N")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.names) - set(FAULTS)):
        parser.error(f"no such fault: {', '.join(unknown)}; there are {', '.join(FAULTS)}")
    bench = Bench()
    if arguments.pairs:
        return 0 if measure_pairs(bench, arguments.pairs, arguments.seed) else 1
    if arguments.healthy:
        return 0 if measure_health(bench, arguments.healthy) else 1
    return 0 if measure_faults(bench, arguments.names or list(FAULTS)) else 1


if __name__ == "__main__":
    sys.exit(main())
