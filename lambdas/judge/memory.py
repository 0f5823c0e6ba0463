"""What a job remembers from one run to the next. It lives in S3, so that a cold start remembers it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any, Self

from lambdas.judge.causes import CAUSES, RepairStep
from lambdas.judge.incident import Incident, Repair

# One good look between two bad ones does not show that a replacement helped.
WELL_PHASE = timedelta(hours=1)
# The SSM agent of a new host registers, and connects anew once the host has taken the address.
NEW_HOST_GRACE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Memory:
    started_at: datetime
    """When the job ran for the first time."""

    incident: Incident
    leased_until: datetime | None = None
    """Until then one run sends a mail or repairs, and other runs do neither."""

    @classmethod
    def of_a_first_run(cls, now: datetime) -> Self:
        return cls(now, Incident(since=now))

    def to_json(self) -> str:
        """One flat object: the incident's fields stand beside the job's."""
        incident = self.incident
        values = asdict(self) | asdict(incident) | {"repairs": [astuple(each) for each in incident.repairs]}
        del values["incident"]
        return json.dumps(values, default=datetime.isoformat)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """
        Raises:
            ValueError: the text is no memory of this job.
        """
        try:
            content = json.loads(text)
            incident = Incident(**_read(Incident, content))
            memory = cls(incident=incident, **_read(cls, content))
        except (TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError("this is no memory") from error
        if not {incident.cause_id, incident.told_cause_id} <= {"", *CAUSES}:
            raise ValueError("the memory names an unknown cause")
        return memory


@dataclass(frozen=True, slots=True)
class HealthMemory(Memory):
    replaced_at: datetime | None = None
    """When a host was last replaced as a repair."""

    served_by: str = ""
    """The host that was well when last seen. Any other host may still be starting."""

    renewal_at: datetime | None = None
    """When the health check last started a renewal."""

    replaced_for: str = ""
    """The cause of the last replacement; empty before the first, and in a memory that an earlier version wrote."""

    replacement_helped: bool = False
    """Since the last replacement, the registry was well for as long as :data:`WELL_PHASE`."""

    canary: str = ""
    """The manifest that a client was served last, as ``repository:tag``."""

    def survived_replacement(self, cause_id: str) -> bool:
        """The last replacement was made for this cause, and did not help."""
        return self.replaced_at is not None and self.replaced_for == cause_id and not self.replacement_helped

    def grace(self, cause_id: str | None, hosts: tuple[str, ...]) -> timedelta:
        """How long an incident with this cause waits for its first mail. ``hosts`` are the ones that were asked."""
        is_new = self.served_by not in hosts
        return NEW_HOST_GRACE if cause_id == "ssm-offline" and is_new else timedelta(0)

    def having_seen(self, canary: str | None, now: datetime) -> "HealthMemory":
        """What every run learns, whatever it diagnoses."""
        begun = self.incident.since if self.replaced_at is None else max(self.incident.since, self.replaced_at)
        helped = self.incident.failures == 0 and self.replaced_at is not None and now - begun >= WELL_PHASE
        return replace(self, canary=canary or self.canary, replacement_helped=self.replacement_helped or helped)


@dataclass(frozen=True, slots=True)
class RenewalMemory(Memory):
    asked_at: datetime | None = None
    """When the hosts were last asked for a renewal."""


def _read(kind: type[Memory | Incident], content: Mapping[str, Any]) -> dict[str, Any]:
    return {each.name: _parsed(each.name, content[each.name]) for each in fields(kind) if each.name in content}


def _parsed(name: str, value: Any) -> Any:
    if name == "repairs":
        return tuple(_repair(*each) for each in value)
    if name == "since" or (name.endswith(("_at", "_until")) and value is not None):
        return datetime.fromisoformat(value)
    return value


def _repair(step: str, at: str, outcome: object) -> Repair:
    return Repair(RepairStep(step), datetime.fromisoformat(at), str(outcome))
