"""A command and its invocation on each host, as Systems Manager's answers show them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rehearsal.cloud.ssm.documents import Step

# GetCommandInvocation's limits (API reference), and what the agent puts where it cut.
STDOUT_CHARACTERS = 24_000
STDERR_CHARACTERS = 8_000
PLUGIN_CHARACTERS = 2_500
CUT = "--output truncated--"
UNFINISHED = ("Pending", "InProgress", "Delayed")


@dataclass(slots=True)
class Invocation:
    instance_id: str
    status: str = "Pending"
    details: str = "Pending"
    response_code: int = -1
    stdout: str = ""
    stderr: str = ""
    began: datetime | None = None
    ended: datetime | None = None

    def become(self, status: str, details: str | None = None) -> None:
        self.status, self.details = status, details or status
        if status not in UNFINISHED:
            self.ended = datetime.now(UTC)


@dataclass(slots=True)
class Command:
    id: str
    request: Mapping[str, Any]
    document: str
    steps: tuple[Step, ...]
    asked_at: datetime
    expires_at: datetime
    invocations: dict[str, Invocation] = field(default_factory=dict)
    resolved: bool = False

    @property
    def status(self) -> tuple[str, str]:
        """Status and details, the worst of all invocations."""
        states = [(each.status, each.details) for each in self.invocations.values()]
        if not self.resolved:
            return "Pending", "Pending"
        if not states:
            return "Success", "NoInstancesInTag"
        if any(status in UNFINISHED for status, _ in states):
            return "InProgress", "InProgress"
        return next((state for state in states if state[0] != "Success"), ("Success", "Success"))

    def row(self) -> dict[str, Any]:
        request, (status, details) = self.request, self.status
        states = [each.status for each in self.invocations.values()]
        return {
            "CommandId": self.id,
            "DocumentName": self.document,
            "Comment": request.get("Comment", ""),
            "ExpiresAfter": self.expires_at.timestamp(),
            "Parameters": request.get("Parameters", {}),
            "InstanceIds": request.get("InstanceIds", []),
            "Targets": request.get("Targets", []),
            "RequestedDateTime": self.asked_at.timestamp(),
            "Status": status,
            "StatusDetails": details,
            "MaxConcurrency": request.get("MaxConcurrency", "50"),
            "MaxErrors": request.get("MaxErrors", "0"),
            "TargetCount": len(states),
            "CompletedCount": sum(each not in UNFINISHED for each in states),
            "ErrorCount": sum(each in ("Failed", "TimedOut") for each in states),
            "DeliveryTimedOutCount": sum(each.details == "DeliveryTimedOut" for each in self.invocations.values()),
            "TimeoutSeconds": int((self.expires_at - self.asked_at).total_seconds()),
        }


def answer(command: Command, each: Invocation) -> dict[str, Any]:
    finished = each.status not in UNFINISHED
    elapsed = (each.ended - each.began).total_seconds() if each.began and each.ended else None
    return {
        **_common(command, each),
        "DocumentVersion": command.request.get("DocumentVersion", "$DEFAULT"),
        "PluginName": command.steps[0].name,
        "ResponseCode": each.response_code,
        "ExecutionStartDateTime": _iso(each.began),
        "ExecutionElapsedTime": "" if elapsed is None else f"PT{elapsed:.3f}S",
        "ExecutionEndDateTime": _iso(each.ended),
        # There is no output before the end.
        "StandardOutputContent": _cut(each.stdout, STDOUT_CHARACTERS) if finished else "",
        "StandardOutputUrl": "",
        "StandardErrorContent": _cut(each.stderr, STDERR_CHARACTERS) if finished else "",
        "StandardErrorUrl": "",
    }


def row(command: Command, each: Invocation, *, with_output: bool) -> dict[str, Any]:
    output = each.stdout + (f"\n----------ERROR-------\n{each.stderr}" if each.stderr else "")
    plugin = {
        "Name": command.steps[0].name,
        "Status": each.status,
        "StatusDetails": each.details,
        "ResponseCode": each.response_code,
        "Output": _cut(output, PLUGIN_CHARACTERS),
    }
    return {
        **_common(command, each),
        "InstanceName": "",
        "RequestedDateTime": command.asked_at.timestamp(),
        "CommandPlugins": [plugin] if with_output else [],
    }


def _common(command: Command, each: Invocation) -> dict[str, Any]:
    return {
        "CommandId": command.id,
        "InstanceId": each.instance_id,
        "Comment": command.request.get("Comment", ""),
        "DocumentName": command.document,
        "Status": each.status,
        "StatusDetails": each.details,
    }


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - len(CUT)] + CUT


def _iso(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z" if moment else ""
