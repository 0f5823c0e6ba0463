"""One turn of a schedule, by hand: what EventBridge Scheduler would do, and everything that came of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rehearsal.cloud import AlarmState, Cloud, Fired, Outcome

# Job -> the part of the function's handler by which it is found.
JOBS: Mapping[str, str] = {"renew": "renew_certificate", "health": "check_health"}
LOG_LINES = 40


def tick(cloud: Cloud, job: str, at: str | None) -> dict[str, Any]:
    """The schedule's turn, and then CloudWatch's look at the alarms; ``at`` is ISO 8601, without it it is now."""
    when = moment(at)
    fired = cloud.fire(JOBS[job], when)
    return told(fired, cloud.look_at_alarms(when))


def moment(at: str | None) -> datetime:
    """In UTC, if it does not say."""
    read = datetime.fromisoformat(at) if at else datetime.now(UTC)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def told(fired: Fired, states: Sequence[AlarmState]) -> dict[str, Any]:
    """For people and programs: the last attempt, how many there were, and which alarms changed."""
    told_of_last = (
        _of_outcome(fired.outcomes[-1]) if fired.outcomes else {"result": None, "error": fired.lost}
    )
    return {
        "schedule": fired.schedule,
        "function": fired.function,
        "event": fired.event,
        "scheduled_at": fired.scheduled_at,
        "attempts": len(fired.outcomes),
        "dead_letter": fired.dead_letter or None,
        **told_of_last,
        "alarms": [asdict(each) for each in states if each.state != each.before],
    }


def _of_outcome(outcome: Outcome) -> dict[str, Any]:
    facts = asdict(outcome)
    payload, error = facts.pop("payload"), facts.pop("error")
    log = facts.pop("log")
    return {
        "result": None if error else json.loads(payload),
        "error": f"{error}: {payload}" if error else None,
        **facts,
        "log": list(log[-LOG_LINES:]),
    }
