"""Incidents in the rehearsal that is up: break something, tick until the mail comes, heal it, tick until it is over.

The functions' clock moves five minutes with each tick, an hour between incidents, and eight hours after an incident
that replaced the host, so that the next one may replace it too. Seconds are of the machine's own clock.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

from lambdas.judge.causes import CAUSES
from rehearsal.contract.control import Control
from rehearsal.contract.mail import Mailbox
from rehearsal.contract.tick_result import TickResult
from rehearsal.faults import FAULTS, Active
from rehearsal.faults.fault import ALARM, NO_MAIL, FaultError
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.world import NoRehearsalError, World

BETWEEN_TICKS = timedelta(minutes=5)
BETWEEN_INCIDENTS = timedelta(hours=1)
AFTER_REPLACEMENT = timedelta(hours=8)
MOST_TICKS = 6
# A fault about which no mail may come stays for so long.
SILENT_TICKS = 3
NEW_HOST_SECONDS = 240
TITLES = {cause.title: cause_id for cause_id, cause in CAUSES.items()}
# The fault that no mail can name, and a second fault that gives it a mail to lose: the function fails, and its alarm
# sends a mail.
UNTOLD, BESIDE_UNTOLD = "alerts-undelivered", "registry-stopped"
# Faults whose first mail may name another cause. The health check starts a renewal, and a failed renewal sends a mail
# of its own. A name that leads elsewhere is one fault for both functions.
ALSO_NAMED = {
    "certificate-expired": "renewal-ca-down",
    "certificate-expiring": "renewal-ca-down",
    "renewal-dns": "dns-elsewhere",
}


class StuckError(RuntimeError):
    """The registry is not well although everything was healed."""


class ImpossibleError(Exception):
    """One of the faults leaves nothing for the other to break."""


@dataclass(slots=True)
class Incident:
    """Observations from the fault to the mail that it is over. CloudWatch's own mails come last in `subjects`.
    `healed_at` is of the monotonic clock."""

    names: tuple[str, ...]
    ticks_to_mail: int = 0
    seconds_to_mail: float = 0.0
    repaired_by: str = ""
    seconds_to_repair: float = 0.0
    healed_at: float = 0.0
    subjects: list[str] = field(default_factory=list)

    @property
    def named(self) -> str:
        """The cause in the first mail, or the subject of an alarm."""
        first = next(iter(self.subjects), "")
        return TITLES.get(first.split(": ", 1)[-1], first)

    @property
    def is_right(self) -> bool:
        causes = set(map(cause_of, self.names))
        if causes == {NO_MAIL}:
            return not self.subjects
        expected = causes | {ALSO_NAMED[cause] for cause in causes if cause in ALSO_NAMED}
        return self.named in expected or (may_be_alarm(self.names) and is_alarm(self.named))

    @property
    def kinds(self) -> str:
        """The first word of each mail."""
        return ", ".join(subject.split(":")[0] for subject in self.subjects)


class Incidents:
    """One incident after the other, each from a registry that is well."""

    def __init__(self) -> None:
        self._workplace = Workplace.of_this_machine()
        self._world = World.running(self._workplace)
        self._mailbox = Mailbox(self._workplace)
        self._active = Active(self._workplace)
        self._now = datetime.now(UTC)
        self._marker = self._workplace.run / "bench-clock"
        if self._marker.exists():
            self._now = max(self._now, datetime.fromisoformat(self._marker.read_text()))
        self._pause = AFTER_REPLACEMENT
        self._is_well = False

    def subjects(self, since: int = 0) -> list[str]:
        """The subjects of all mails but the first `since`."""
        return [mail.subject for mail in self._mailbox.read()[since:]]

    def tick(self, job: str = "health") -> TickResult:
        self._now += BETWEEN_TICKS
        self._marker.write_text(self._now.isoformat())
        return Control(self._workplace).tick(job, self._now.isoformat())

    def begin_well(self) -> None:
        """Let the pause pass, and tick until the registry is well.

        Raises:
            StuckError: it does not get well.
        """
        self._now += self._pause
        self._pause = BETWEEN_INCIDENTS
        for _ in range(MOST_TICKS):
            if self._is_well:
                return
            told = self.tick()
            self._is_well = bool(told.result) and not told.result["cause"]
            if not self._is_well:
                time.sleep(3)
        if not self._is_well:
            raise StuckError(f"not well before anything was broken: {told.result or told.error}")

    def run(self, *names: str, repair_ticks: int, meanwhile: Callable[[], object] = lambda: None) -> Incident:
        """Break, do what comes meanwhile, wait for the mail, let repairs happen, heal, wait for the mail that it is
        over.

        Raises:
            StuckError: the registry does not get well before it.
            ImpossibleError: the faults cannot be active at once.
        """
        self.begin_well()
        seen = Incident(names)
        job = "renew" if all(name.startswith("renewal-") for name in names) else "health"
        mails = len(self.subjects())
        begun = self._break(names)
        self._is_well = False
        meanwhile()
        started = time.monotonic()
        # An alarm's mail counts only where no other mail can come.
        patience = SILENT_TICKS if set(map(cause_of, names)) == {NO_MAIL} else MOST_TICKS
        while seen.ticks_to_mail < patience and not any(
            may_be_alarm(names) or not is_alarm(subject) for subject in self.subjects(mails)
        ):
            self._tick_in(seen, job)
            seen.ticks_to_mail += 1
        seen.seconds_to_mail = time.monotonic() - started
        if job == "health" and any(CAUSES[cause].repairs for cause in map(cause_of, names) if cause in CAUSES):
            self._let_repair(seen, mails, repair_ticks)
        self._heal(begun)
        seen.healed_at = time.monotonic()
        self._await_hosts()
        for _ in range(MOST_TICKS):
            if self._is_resolved(mails) or patience == SILENT_TICKS:
                self._is_well = self._is_resolved(mails)
                break
            self.tick(job)
        if job == "health" and any("Renewal failed" in subject for subject in self.subjects(mails)):
            self.tick("renew")
        seen.subjects = sorted((s.split("] ", 1)[-1] for s in self.subjects(mails)), key=is_alarm)
        if seen.repaired_by == "instance":
            self._pause = AFTER_REPLACEMENT
        return seen

    def _is_resolved(self, mails: int) -> bool:
        return any("RESOLVED" in subject for subject in self.subjects(mails))

    def _break(self, names: Sequence[str]) -> list[str]:
        begun: list[str] = []
        try:
            for name in names:
                self._active.begin(self._world, name)
                begun.append(name)
        except (FaultError, LookupError, ClientError, NoRehearsalError) as error:
            self._heal(begun)
            raise ImpossibleError(str(error)) from error
        return begun

    def _heal(self, names: Sequence[str]) -> None:
        for name in reversed(names):
            self._active.end(self._world, name)

    def _tick_in(self, seen: Incident, job: str) -> None:
        result = self.tick(job).result or {}
        if repairs := result.get("repairs"):
            seen.repaired_by = str(repairs[-1]).split(":")[0]

    def _let_repair(self, seen: Incident, mails: int, ticks: int) -> None:
        started = time.monotonic()
        for _ in range(ticks):
            self._await_hosts()
            if self._is_resolved(mails):
                seen.seconds_to_repair = time.monotonic() - started
                return
            self._tick_in(seen, "health")
        seen.repaired_by = ""

    def _await_hosts(self) -> None:
        """Wait until every host that has power serves, as it would between two ticks."""
        deadline = time.monotonic() + NEW_HOST_SECONDS
        time.sleep(0.5)
        while time.monotonic() < deadline:
            powered = [host for host in self._world.hosts() if host.leader_pid is not None]
            if all(map(self._world.serves, powered)):
                return
            time.sleep(1)


def cause_of(name: str) -> str:
    return FAULTS[name].cause or name


def is_alarm(subject: str) -> bool:
    """Whether CloudWatch itself sent the mail."""
    return subject.startswith(("ALARM", "INSUFFICIENT_DATA"))


def may_be_alarm(names: Sequence[str]) -> bool:
    """Whether one of these faults keeps the functions from telling anybody."""
    return UNTOLD in names or any(cause_of(name) == ALARM for name in names)
