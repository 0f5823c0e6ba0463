"""What a diagnosis changes: when somebody is told, and when not. What is remembered between two runs."""

import json
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from lambdas.judge.causes import CAUSES, RepairStep
from lambdas.judge.diagnosis import Diagnosis

FAILURES_IN_A_ROW = 2
REMINDER = timedelta(days=1)
# Another cause than the one that was told is news, but not before the first repairs have settled.
OTHER_CAUSE = timedelta(hours=1)


class Mail(StrEnum):
    ALERT = "alert"
    REMINDER = "reminder"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Repair:
    step: RepairStep
    at: datetime
    outcome: str = "begun"


@dataclass(frozen=True, slots=True)
class State:
    """Of one job: the health check's, or the renewal's. Lives in S3, so that a cold start remembers it."""

    started_at: datetime
    """Of the first run ever."""

    since: datetime
    """When it became well or ill."""

    failures: int = 0
    cause_id: str = ""
    """What the last failing run named."""

    is_down: bool = False
    told_at: datetime | None = None
    """When the last mail about this incident was sent; ``None`` if nobody was told."""

    told_cause_id: str = ""
    repairs: tuple[Repair, ...] = field(default=())
    """Of this incident."""

    replaced_at: datetime | None = None
    served_by: str = ""
    """The host that was well when last seen: one that is not this may still be starting."""

    asked_at: datetime | None = None
    """Of the renewal: when the hosts were last asked for one."""

    renewal_at: datetime | None = None
    """When the health check last started a renewal."""

    leased_until: datetime | None = None
    """Until then one run is sending a mail or repairing, and others do neither."""

    def is_leased(self, now: datetime) -> bool:
        return self.leased_until is not None and now < self.leased_until

    def to_json(self) -> str:
        return json.dumps({each.name: _written(getattr(self, each.name)) for each in fields(self)})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """
        Raises:
            ValueError: this is no state.
        """
        try:
            content = json.loads(text)
            state = cls(
                **{
                    each.name: _read(each.name, content[each.name])
                    for each in fields(cls)
                    if each.name in content
                }
            )
        except (TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError("this is no state") from error
        if state.cause_id not in {"", *CAUSES} or state.told_cause_id not in {"", *CAUSES}:
            raise ValueError("the state names an unknown cause")
        return state


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [[each.step, each.at.isoformat(), each.outcome] for each in value]
    return value


def _read(name: str, value: Any) -> Any:
    if name == "repairs":
        return tuple(
            Repair(RepairStep(step), datetime.fromisoformat(at), str(outcome)) for step, at, outcome in value
        )
    if name == "since" or (name.endswith(("_at", "_until")) and value is not None):
        return datetime.fromisoformat(value)
    return value


@dataclass(frozen=True, slots=True)
class Change:
    claimed: State
    """Written before anybody is told: whoever writes it first is the one who tells."""

    settled: State
    """Written when that is done. A run that died between the two is made good by the next."""

    mail: Mail | None = None


def transition(
    previous: State, diagnosis: Diagnosis, now: datetime, *, failures_in_a_row: int = FAILURES_IN_A_ROW
) -> Change:
    if diagnosis.cause is None:
        return _well(previous, now)
    failing = replace(
        previous,
        since=previous.since if previous.failures else now,
        failures=previous.failures + 1,
        cause_id=diagnosis.cause.id,
        is_down=diagnosis.is_down,
    )
    mail = _mail_for(failing, now, failures_in_a_row)
    told = replace(failing, told_at=now, told_cause_id=failing.cause_id) if mail else failing
    return Change(failing, told, mail)


def _mail_for(failing: State, now: datetime, failures_in_a_row: int) -> Mail | None:
    if failing.told_at is None:
        return Mail.ALERT if failing.failures >= failures_in_a_row else None
    silence = OTHER_CAUSE if failing.cause_id != failing.told_cause_id else REMINDER
    return Mail.REMINDER if now - failing.told_at >= silence else None


def _well(previous: State, now: datetime) -> Change:
    if previous.failures == 0:
        return Change(previous, previous)
    well = replace(
        previous,
        since=now,
        failures=0,
        cause_id="",
        is_down=False,
        told_at=None,
        told_cause_id="",
        repairs=(),
    )
    return Change(previous, well, Mail.RESOLVED) if previous.told_at else Change(well, well)
