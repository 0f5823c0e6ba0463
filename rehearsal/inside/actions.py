"""What the world's process does on request: scheduled runs, CloudWatch's looks, and power."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3

from rehearsal.cloud import Cloud
from rehearsal.contract import product
from rehearsal.contract.tick_result import AlarmState, TickResult

LOG_LINES = 40


@dataclass(frozen=True, slots=True)
class WorldActions:
    """What rehearsal.contract.control asks for; ``set_power`` gets a host's id."""

    cloud: Cloud
    domain: str
    set_power: Callable[[str, bool], None]
    ssm: Any

    @classmethod
    def of(cls, cloud: Cloud, domain: str, set_power: Callable[[str, bool], None]) -> "WorldActions":
        untyped: Any = boto3.client
        ssm = untyped(
            "ssm",
            endpoint_url=cloud.endpoint_url,
            region_name=cloud.place.region,
            aws_access_key_id=cloud.administrator.id,
            aws_secret_access_key=cloud.administrator.secret,
        )
        return cls(cloud, domain, set_power, ssm)

    def tick(self, job: str, at: str | None) -> TickResult:
        return tick(self.cloud, job, at)

    def alarms(self, at: str | None) -> tuple[AlarmState, ...]:
        return look_at_alarms(self.cloud, at)

    def power(self, instance_id: str, on: bool) -> None:
        self.set_power(instance_id, on)

    def password(self) -> str:
        name = f"{product.parameter_path(self.domain)}/{product.FIRST_USER_KEY}"
        try:
            return str(self.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
        except self.ssm.exceptions.ParameterNotFound:
            return ""


def tick(cloud: Cloud, job: str, at: str | None) -> TickResult:
    """One run of a schedule, and then CloudWatch's look at every alarm; ``at`` is ISO 8601, None is now."""
    when = _moment(at)
    fired = cloud.fire(product.JOBS[job], when)
    alarms = tuple(each for each in cloud.look_at_alarms(when) if each.state != each.before)
    last = fired.outcomes[-1] if fired.outcomes else None
    error = (last.error and f"{last.error}: {last.payload}") if last else fired.lost
    return TickResult(
        schedule=fired.schedule,
        function=fired.function,
        event=fired.event,
        scheduled_at=fired.scheduled_at,
        attempts=len(fired.outcomes),
        dead_letter=fired.dead_letter or None,
        result=json.loads(last.payload) if last and not last.error else None,
        error=error or None,
        request_id=last.request_id if last else None,
        duration_milliseconds=last.duration_milliseconds if last else None,
        init_milliseconds=last.init_milliseconds if last else None,
        memory_mib=last.memory_mib if last else None,
        log=last.log[-LOG_LINES:] if last else (),
        alarms=alarms,
    )


def look_at_alarms(cloud: Cloud, at: str | None) -> tuple[AlarmState, ...]:
    """As CloudWatch does; ``at`` is ISO 8601, None is now."""
    return cloud.look_at_alarms(_moment(at))


def _moment(at: str | None) -> datetime:
    """In UTC if it names no time zone."""
    read = datetime.fromisoformat(at) if at else datetime.now(UTC)
    return read if read.tzinfo else read.replace(tzinfo=UTC)
