"""How an incident goes on from one run to the next, and when a mail is sent about it. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from lambdas.judge.causes import RepairStep
from lambdas.judge.diagnosis import Diagnosis

FAILURES_IN_A_ROW = 2
REMINDER = timedelta(days=1)
# A new cause during an incident is worth a mail, but not before the first repairs have settled.
OTHER_CAUSE = timedelta(hours=1)


class MailKind(StrEnum):
    ALERT = "alert"
    REMINDER = "reminder"
    RESOLVED = "resolved"


# The outcome of a repair that the last look before it stopped.
NOT_DONE = "not done: a client was served again"


@dataclass(frozen=True, slots=True)
class Repair:
    step: RepairStep
    at: datetime
    outcome: str = "begun"

    @property
    def was_done(self) -> bool:
        return self.outcome != NOT_DONE


@dataclass(frozen=True, slots=True)
class Incident:
    """Failed runs in a row. While ``failures`` is 0, all is well."""

    since: datetime
    """When it began, or when the last one ended."""

    failures: int = 0
    cause_id: str = ""
    """The cause that the last failed run named."""

    is_down: bool = False
    told_at: datetime | None = None
    """When the last mail about this incident was sent; ``None`` before the first."""

    told_cause_id: str = ""
    repairs: tuple[Repair, ...] = ()
    """Repairs tried during this incident."""

    cause_title: str = ""
    """Of the cause that the last failed run named, for the registry's page: hosts do not know the causes."""

    def with_repair(self, repair: Repair) -> "Incident":
        """Of the repairs that were not done, only the last is kept."""
        done = tuple(each for each in self.repairs if each.was_done or repair.was_done)
        return replace(self, repairs=(*done, repair))

    def with_outcome(self, outcome: str) -> "Incident":
        """Of the last repair."""
        *earlier, last = self.repairs
        return replace(self, repairs=(*earlier, replace(last, outcome=outcome)))

    def after(self, mail: MailKind | None, now: datetime) -> "Incident":
        """Once this mail, if any, is sent."""
        if mail == MailKind.RESOLVED:
            return Incident(since=now)
        return replace(self, told_at=now, told_cause_id=self.cause_id) if mail else self


@dataclass(frozen=True, slots=True)
class Change:
    incident: Incident
    """As the mail describes it, so an incident that has just ended is still here."""

    mail: MailKind | None = None


def transition(
    previous: Incident,
    diagnosis: Diagnosis,
    now: datetime,
    *,
    failures_in_a_row: int = FAILURES_IN_A_ROW,
    grace: timedelta = timedelta(0),
) -> Change:
    """``grace`` is how long an incident lasts before its first mail, however often it was seen."""
    if diagnosis.cause is None:
        return _well(previous, now)
    failing = replace(
        previous,
        since=previous.since if previous.failures else now,
        failures=previous.failures + 1,
        cause_id=diagnosis.cause.id,
        is_down=diagnosis.is_down,
        cause_title=diagnosis.cause.title,
    )
    return Change(failing, _mail_for(failing, now, failures_in_a_row, grace))


def _mail_for(failing: Incident, now: datetime, failures_in_a_row: int, grace: timedelta) -> MailKind | None:
    if failing.told_at is None:
        is_due = failing.failures >= failures_in_a_row and now - failing.since >= grace
        return MailKind.ALERT if is_due else None
    silence = OTHER_CAUSE if failing.cause_id != failing.told_cause_id else REMINDER
    return MailKind.REMINDER if now - failing.told_at >= silence else None


def _well(previous: Incident, now: datetime) -> Change:
    if previous.told_at:
        # Nobody was told of another cause that a run or two saw since then.
        return Change(replace(previous, cause_id=previous.told_cause_id), MailKind.RESOLVED)
    return Change(Incident(since=now) if previous.failures else previous)
