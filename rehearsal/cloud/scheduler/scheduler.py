"""EventBridge Scheduler fires a schedule: in the schedule's role, with its own retries and dead-letter queue.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/what-is-scheduler.html
"""

import threading
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from moto.awslambda.exceptions import UnknownFunctionException
from moto.scheduler.models import Schedule, scheduler_backends

from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.authority import Authority
from rehearsal.cloud.iam.policy import Resource
from rehearsal.cloud.iam.request import Ask
from rehearsal.cloud.lambda_.functions import Functions, Outcome
from rehearsal.cloud.sqs import dead_letters


class NoScheduleError(Exception):
    """No schedule starts such a function; the text names the functions that there are."""


@dataclass(frozen=True, slots=True)
class Fired:
    """``lost``: why Scheduler could not start the function; ``dead_letter``: the queue that then has the event."""

    schedule: str
    function: str
    event: str
    scheduled_at: str
    outcomes: tuple[Outcome, ...]
    lost: str = ""
    dead_letter: str = ""


class Scheduler:
    def __init__(self, scope: Scope, world: threading.Condition, authority: Authority, functions: Functions) -> None:
        self._scope = scope
        self._world = world
        self._authority = authority
        self._functions = functions

    def of_handler(self, name: str) -> Schedule:
        """The schedule whose function has ``name`` in its handler. Raises NoScheduleError: there is none."""
        with self._world:
            backend = self._scope.regional(scheduler_backends)
            handlers = {each.function_arn: str(each.handler) for each in self._functions.all()}
            schedules = [each for group in backend.schedule_groups.values() for each in group.schedules.values()]
        found = [each for each in schedules if name in handlers.get(each.target["Arn"], "")]
        if not found:
            deployed = ", ".join(sorted(handlers.values())) or "none"
            raise NoScheduleError(f"no schedule starts a function with {name} in its handler (functions: {deployed})")
        return found[0]

    def fire(self, schedule: Schedule, at: datetime) -> Fired:
        """As if the schedule were due at this moment, without a wait between attempts."""
        scheduled_at = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        execution = str(uuid.uuid4())
        target = schedule.target
        event = _filled_in(str(target.get("Input", "{}")), schedule, scheduled_at, execution)
        lost = self._refusal(schedule)
        outcomes: tuple[Outcome, ...] = ()
        if not lost:
            try:
                outcomes = self._functions.invoke_asynchronously(target["Arn"], event)
            except UnknownFunctionException as missing:
                lost = ("ResourceNotFoundException", str(missing))
            except PermissionError as refused:
                lost = ("AccessDeniedException", str(refused))
        dead_letter = self._keep(schedule, event, scheduled_at, execution, lost) if lost else ""
        return Fired(
            schedule=schedule.name,
            function=str(target["Arn"]).rsplit(":", 1)[-1],
            event=event,
            scheduled_at=scheduled_at,
            outcomes=outcomes,
            lost=": ".join(lost) if lost else "",
            dead_letter=dead_letter,
        )

    def _refusal(self, schedule: Schedule) -> tuple[str, str] | None:
        """Code and text of Lambda's refusal. Scheduler does not try again after one."""
        role, function = schedule.target["RoleArn"], schedule.target["Arn"]
        with self._world:
            if schedule.state != "ENABLED":
                return "Disabled", f"{schedule.name} is disabled"
            told = {"aws:sourceaccount": (self._scope.account,)}
            if not self._authority.trusts_service(role, "scheduler.amazonaws.com", told):
                return "AccessDeniedException", f"Scheduler cannot assume the role {role}"
            if not self._may(role, "lambda:InvokeFunction", function):
                return (
                    "AccessDeniedException",
                    f"{role} is not authorized to perform: lambda:InvokeFunction on {function}",
                )
        return None

    def _may(self, role: str, action: str, resource: str) -> bool:
        return self._authority.denied(role, [Ask(action, [Resource(resource)])]) is None

    def _keep(self, schedule: Schedule, event: str, scheduled_at: str, execution: str, lost: tuple[str, str]) -> str:
        """In the dead-letter queue, if there is one and the role may; returns its ARN."""
        if schedule.state != "ENABLED":
            # It is never due, so nothing gets lost.
            return ""
        queue = schedule.target.get("DeadLetterConfig", {}).get("Arn", "")
        with self._world:
            if not queue or not self._may(schedule.target["RoleArn"], "sqs:SendMessage", queue):
                return ""
            reason = {
                "ERROR_CODE": lost[0],
                "ERROR_MESSAGE": lost[1],
                "EXECUTION_ID": execution,
                "RETRY_ATTEMPTS": "0",
                "SCHEDULED_TIME": scheduled_at,
                "SCHEDULE_ARN": schedule.arn,
                "TARGET_ARN": schedule.target["Arn"],
            }
            dead_letters.keep(self._scope, queue, event, reason)
        return str(queue)


def _filled_in(text: str, schedule: Schedule, scheduled_at: str, execution: str) -> str:
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    known = {
        "scheduled-time": scheduled_at,
        "schedule-arn": schedule.arn,
        "execution-id": execution,
        "attempt-number": "1",
    }
    for name, value in known.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text
