"""What the world's process does on request over its socket: scheduled runs, CloudWatch's looks, and power."""

import json
import socketserver
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import Any

from rehearsal.cloud.core.cloud import Cloud
from rehearsal.contract import product, run_directory
from rehearsal.contract.aws_profile import AwsProfile
from rehearsal.contract.control import Actions
from rehearsal.contract.tick_result import AlarmState, TickResult
from rehearsal.inside.hosts.fleet import Fleet
from rehearsal.machine.workplace import Workplace

LOG_LINES = 40


def serve(workplace: Workplace, actions: Actions) -> None:
    """In the background; an action gets the request's arguments by name."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            request = json.loads(self.rfile.readline())
            try:
                answer = {"answer": getattr(actions, request["action"])(**request["arguments"])}
            except Exception as error:  # noqa: BLE001  the person is told
                answer = {"refused": f"{type(error).__name__}: {error}"}
            self.wfile.write(json.dumps(answer, default=_as_json).encode() + b"\n")

    path = workplace.run / run_directory.CONTROL_SOCKET
    path.unlink(missing_ok=True)
    server = socketserver.ThreadingUnixStreamServer(str(path), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="control", daemon=True).start()


def _as_json(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)


class WorldActions:
    """The actions of rehearsal.contract.control."""

    def __init__(
        self,
        cloud: Cloud,
        fleet: Fleet,
        profile: Callable[[], AwsProfile],
        lose_region: Callable[[], None],
        domain: str,
    ) -> None:
        """``profile`` is that of the region in which the registry is."""
        self._cloud = cloud
        self._fleet = fleet
        self._profile = profile
        self.lose_region = lose_region
        self._first_user = f"{product.parameter_path(domain)}/{product.FIRST_USER_KEY}"

    def tick(self, job: str, at: str | None) -> TickResult:
        return tick(self._cloud, job, at)

    def alarms(self, at: str | None) -> tuple[AlarmState, ...]:
        return self._cloud.look_at_alarms(_moment(at))

    def power(self, instance_id: str, on: bool) -> None:
        self._fleet.set_power(instance_id, on)

    def forbid(self, actions: Sequence[str]) -> None:
        self._cloud.forbid(actions)

    def lose_disk(self, instance_id: str) -> None:
        self._fleet.lose_disk(instance_id)

    def fail_check(self, instance_id: str, check: str) -> None:
        self._cloud.fail_check(instance_id, check)

    def password(self) -> str:
        ssm = self._profile().client("ssm")
        try:
            found = ssm.get_parameter(Name=self._first_user, WithDecryption=True)
        except ssm.exceptions.ParameterNotFound:
            return ""
        return str(found["Parameter"]["Value"])


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


def _moment(at: str | None) -> datetime:
    """In UTC if it names no time zone."""
    read = datetime.fromisoformat(at) if at else datetime.now(UTC)
    return read if read.tzinfo else read.replace(tzinfo=UTC)
