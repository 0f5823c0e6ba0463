"""A command and its invocation on each host, as Systems Manager's answers show them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
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

    def become(self, status: str, details: str | None = None) -> None:
        self.status, self.details = status, details or status


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
        return {
            "CommandId": self.id,
            "DocumentName": self.document,
            "Parameters": request.get("Parameters", {}),
            "InstanceIds": request.get("InstanceIds", []),
            "Targets": request.get("Targets", []),
            "RequestedDateTime": self.asked_at.timestamp(),
            "Status": status,
            "StatusDetails": details,
        }


def answer(command: Command, each: Invocation) -> dict[str, Any]:
    finished = each.status not in UNFINISHED
    return {
        **_common(command, each),
        "ResponseCode": each.response_code,
        # There is no output before the end.
        "StandardOutputContent": _cut(each.stdout, STDOUT_CHARACTERS) if finished else "",
        "StandardErrorContent": _cut(each.stderr, STDERR_CHARACTERS) if finished else "",
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
        "RequestedDateTime": command.asked_at.timestamp(),
        "CommandPlugins": [plugin] if with_output else [],
    }


def _common(command: Command, each: Invocation) -> dict[str, Any]:
    return {
        "CommandId": command.id,
        "InstanceId": each.instance_id,
        "DocumentName": command.document,
        "Status": each.status,
        "StatusDetails": each.details,
    }


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - len(CUT)] + CUT
