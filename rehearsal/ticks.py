"""One turn of a schedule, by hand: what EventBridge Scheduler would do, and everything that came of it."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rehearsal.cloud import Cloud, Fired, Outcome

# Job -> the part of the function's handler by which it is found.
JOBS: Mapping[str, str] = {"renew": "renew_certificate", "health": "check_health"}
LOG_LINES = 40


def tick(cloud: Cloud, job: str, at: str | None) -> dict[str, Any]:
    """``at`` is ISO 8601; without it the schedule's turn is now."""
    moment = datetime.fromisoformat(at) if at else datetime.now(UTC)
    fired = cloud.fire(JOBS[job], moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    return told(fired)


def told(fired: Fired) -> dict[str, Any]:
    """For people and programs: the last attempt, and how many there were."""
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
