"""CloudWatch's alarms at a moment, for people and programs."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rehearsal.cloud import Cloud
from rehearsal.inside.ticks import moment


def look(cloud: Cloud, at: str | None) -> list[dict[str, Any]]:
    """At every alarm, as CloudWatch does; ``at`` is ISO 8601, without it it is now."""
    return [asdict(each) for each in cloud.look_at_alarms(moment(at))]


def printed(state: Mapping[str, Any]) -> str:
    """An alarm for people; what came of its actions if it just changed."""
    changed = state["state"] != state["before"]
    lines = [f"{state['state']:17} {state['name']}", f"  {state['description']}", f"  {state['reason']}"]
    if changed:
        lines += [f"  was {state['before']}", *(f"  {action}" for action in state["actions"])]
    return "\n".join(lines)
