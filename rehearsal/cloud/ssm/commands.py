"""SSM Run Command: documents really run, on the hosts that are meant, and end as Systems Manager says it.

https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html
"""

import json
import re
import threading
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.ssm.exceptions import InvalidDocument
from moto.ssm.models import ssm_backends
from moto.ssm.responses import SimpleSystemManagerResponse

from rehearsal.cloud.core.patches import Patches
from rehearsal.cloud.core.values import Place
from rehearsal.cloud.ec2.observed import running

# GetCommandInvocation's limits (API reference), and what the agent puts where it cut.
STDOUT_CHARACTERS = 24_000
STDERR_CHARACTERS = 8_000
PLUGIN_CHARACTERS = 2_500
CUT = "--output truncated--"
LEAST_DELIVERY_SECONDS = 30
DELIVERY_SECONDS = 3600
STEP_SECONDS = 3600
# Targets are found out after the command was accepted.
TARGETS_SECONDS = 0.3
TRY_AGAIN_SECONDS = 0.5
UNFINISHED = ("Pending", "InProgress", "Delayed")


@dataclass(frozen=True, slots=True)
class Ran:
    """exit_code: None when the time limit ended it."""

    stdout: str
    stderr: str
    exit_code: int | None


class Agents(Protocol):
    """The SSM agents of the hosts."""

    def is_registered(self, instance_id: str) -> bool:
        """Whether it has ever answered: others are no managed nodes."""
        ...

    def answers(self, instance_id: str) -> bool: ...

    def run(self, instance_id: str, argv: Sequence[str], timeout_seconds: int) -> Ran: ...


class NoAgents:
    """Until somebody has hosts."""

    def is_registered(self, instance_id: str) -> bool:  # noqa: ARG002
        return False

    def answers(self, instance_id: str) -> bool:  # noqa: ARG002
        return False

    def run(self, instance_id: str, argv: Sequence[str], timeout_seconds: int) -> Ran:
        raise NotImplementedError(f"{instance_id}: {argv} within {timeout_seconds} s")


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
    steps: tuple[tuple[str, str, int], ...]
    """name, script and seconds of each."""

    asked_at: datetime
    expires_at: datetime
    invocations: dict[str, Invocation] = field(default_factory=dict)
    resolved: bool = False

    @property
    def status(self) -> tuple[str, str]:
        """The worst of its invocations'."""
        states = [(each.status, each.details) for each in self.invocations.values()]
        if not self.resolved:
            return "Pending", "Pending"
        if not states:
            return "Success", "NoInstancesInTag"
        if any(status in UNFINISHED for status, _ in states):
            return "InProgress", "InProgress"
        return next((state for state in states if state[0] != "Success"), ("Success", "Success"))


class Commands:
    def __init__(self, place: Place, world: threading.Condition) -> None:
        self.agents: Agents = NoAgents()
        self._place = place
        self._world = world
        self._commands: dict[str, Command] = {}
        self._stopping = False

    def stop(self) -> None:
        with self._world:
            self._stopping = True
            self._world.notify_all()

    def patch(self, patches: Patches) -> None:
        """moto reports every command as a success that nobody ran."""
        commands = self

        def send_command(response: SimpleSystemManagerResponse) -> ActionResult:
            return ActionResult({"Command": commands._row(commands.send(json.loads(response.body)))})

        def get_command_invocation(response: SimpleSystemManagerResponse) -> ActionResult:
            command = commands._named(response._get_param("CommandId"))
            invocation = command.invocations.get(response._get_param("InstanceId"))
            if invocation is None:
                raise _error("InvocationDoesNotExist", "")
            return ActionResult(_told(command, invocation))

        def list_commands(response: SimpleSystemManagerResponse) -> ActionResult:
            wanted = response._get_param("CommandId")
            found = [each for each in commands._commands.values() if wanted in (None, each.id)]
            return ActionResult({"Commands": [commands._row(each) for each in found]})

        def list_command_invocations(response: SimpleSystemManagerResponse) -> ActionResult:
            asked = json.loads(response.body)
            if asked.get("CommandId"):
                commands._named(asked["CommandId"])
            return ActionResult({"CommandInvocations": commands._listed(asked)})

        patches.replace(SimpleSystemManagerResponse, "send_command", send_command)
        patches.replace(SimpleSystemManagerResponse, "get_command_invocation", get_command_invocation)
        patches.replace(SimpleSystemManagerResponse, "list_commands", list_commands)
        patches.add(SimpleSystemManagerResponse, "list_command_invocations", list_command_invocations)

    def send(self, request: Mapping[str, Any]) -> Command:
        """SendCommand's request, from whom it was allowed. Raises what SendCommand answers then."""
        documents = ssm_backends[self._place.account][self._place.region]._documents
        name = str(request["DocumentName"]).rsplit("/", 1)[-1]
        if name not in documents:
            raise InvalidDocument("The specified document does not exist.")
        content = documents[name].get_default_version().content_json
        seconds = int(request.get("TimeoutSeconds") or DELIVERY_SECONDS)
        if seconds < LEAST_DELIVERY_SECONDS:
            raise _error("ValidationException", f"TimeoutSeconds must be at least {LEAST_DELIVERY_SECONDS}")
        for instance_id in request.get("InstanceIds", []):
            if not self.agents.is_registered(instance_id):
                raise _error(
                    "InvalidInstanceId", f"Instances [[{instance_id}]] not in a valid state for account"
                )
        now = datetime.now(UTC)
        command = Command(
            id=str(uuid.uuid4()),
            request=request,
            document=name,
            steps=read_steps(content, request.get("Parameters", {})),
            asked_at=now,
            expires_at=now + timedelta(seconds=seconds),
        )
        self._commands[command.id] = command
        threading.Thread(target=self._carry_out, args=(command,), name=command.id, daemon=True).start()
        return command

    def _carry_out(self, command: Command) -> None:
        with self._world:
            self._world.wait_for(lambda: self._stopping, TARGETS_SECONDS)
        targets = [each for each in self._targets(command) if self.agents.is_registered(each)]
        with self._world:
            command.invocations = {each: Invocation(each) for each in targets}
            command.resolved = True
        at_once = _share(str(command.request.get("MaxConcurrency") or "50"), len(targets)) or 1
        errors_allowed = _share(str(command.request.get("MaxErrors") or "0"), len(targets))
        with ThreadPoolExecutor(max_workers=at_once) as pool:
            for invocation in command.invocations.values():
                pool.submit(self._invoke, command, invocation, errors_allowed)

    def _targets(self, command: Command) -> list[str]:
        """Ids of the running instances that are meant."""
        found = list(command.request.get("InstanceIds", []))
        with self._world:
            for target in command.request.get("Targets", []):
                key, values = target["Key"], target["Values"]
                if key == "InstanceIds":
                    found += values
                elif key.startswith("tag:"):
                    found += [each.id for each in running(self._place) if _has_tag(each, key[4:], values)]
                else:
                    raise NotImplementedError(f"the rehearsal's Run Command has no target {key}")
        return list(dict.fromkeys(found))

    def _invoke(self, command: Command, invocation: Invocation, errors_allowed: int) -> None:
        if self._errors(command) > errors_allowed:
            self._become(invocation, "Cancelled", "Terminated")
            return
        if not self._deliver(command, invocation):
            return
        invocation.began = datetime.now(UTC)
        self._become(invocation, "InProgress")
        for _, script, seconds in command.steps:
            # The agent's own way, with its working directory and no terminal.
            ran = self.agents.run(invocation.instance_id, ["sh", "-c", script], seconds)
            self._note(invocation, ran)
            if ran.exit_code != 0:
                return
        self._become(invocation, "Success")

    def _deliver(self, command: Command, invocation: Invocation) -> bool:
        """Systems Manager tries again until the command's own time is over."""
        while not self.agents.answers(invocation.instance_id):
            with self._world:
                if self._stopping:
                    return False
                alive = {each.id for each in running(self._place)}
            if invocation.instance_id not in alive:
                self._become(invocation, "Failed", "Undeliverable")
                return False
            if datetime.now(UTC) >= command.expires_at:
                self._become(invocation, "TimedOut", "DeliveryTimedOut")
                return False
            self._become(invocation, "Delayed")
            with self._world:
                self._world.wait_for(lambda: self._stopping, TRY_AGAIN_SECONDS)
        return True

    def _note(self, invocation: Invocation, ran: Ran) -> None:
        with self._world:
            invocation.stdout += ran.stdout
            invocation.stderr += ran.stderr
            if ran.exit_code is None:
                invocation.response_code = -1
                invocation.become("TimedOut", "ExecutionTimedOut")
                return
            invocation.response_code = ran.exit_code
            if ran.exit_code:
                invocation.stderr += f"failed to run commands: exit status {ran.exit_code}"
                invocation.become("Failed")

    def _become(self, invocation: Invocation, status: str, details: str | None = None) -> None:
        with self._world:
            invocation.become(status, details)

    def _errors(self, command: Command) -> int:
        with self._world:
            return sum(
                each.status in ("Failed", "TimedOut") and each.details != "Undeliverable"
                for each in command.invocations.values()
            )

    def _named(self, command_id: str) -> Command:
        if command_id not in self._commands:
            raise _error("InvalidCommandId", "")
        return self._commands[command_id]

    def _listed(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [
            _row_of(command, each, with_output=bool(asked.get("Details")))
            for command in self._commands.values()
            for each in command.invocations.values()
            if asked.get("CommandId") in (None, command.id)
            and asked.get("InstanceId") in (None, each.instance_id)
        ]

    def _row(self, command: Command) -> dict[str, Any]:
        request, (status, details) = command.request, command.status
        states = [each.status for each in command.invocations.values()]
        return {
            "CommandId": command.id,
            "DocumentName": command.document,
            "Comment": request.get("Comment", ""),
            "ExpiresAfter": command.expires_at.timestamp(),
            "Parameters": request.get("Parameters", {}),
            "InstanceIds": request.get("InstanceIds", []),
            "Targets": request.get("Targets", []),
            "RequestedDateTime": command.asked_at.timestamp(),
            "Status": status,
            "StatusDetails": details,
            "MaxConcurrency": request.get("MaxConcurrency", "50"),
            "MaxErrors": request.get("MaxErrors", "0"),
            "TargetCount": len(states),
            "CompletedCount": sum(each not in UNFINISHED for each in states),
            "ErrorCount": sum(each in ("Failed", "TimedOut") for each in states),
            "DeliveryTimedOutCount": sum(
                each.details == "DeliveryTimedOut" for each in command.invocations.values()
            ),
            "TimeoutSeconds": int((command.expires_at - command.asked_at).total_seconds()),
        }


def read_steps(
    content: Mapping[str, Any], given: Mapping[str, Sequence[str]]
) -> tuple[tuple[str, str, int], ...]:
    """The steps of a document with its parameters filled in, as name, script and seconds.

    Raises:
        JsonRESTError: what SendCommand answers to parameters it does not take.
    """
    if content["schemaVersion"] != "2.2":
        raise NotImplementedError(f"the rehearsal's Run Command has no schema {content['schemaVersion']}")
    declared: Mapping[str, Mapping[str, Any]] = content.get("parameters", {})
    if unknown := sorted(set(given) - set(declared)):
        raise _error("InvalidParameters", f"Parameters {unknown} are not defined in the document")
    values = {name: _value(name, of, given.get(name)) for name, of in declared.items()}
    steps = []
    for step in content["mainSteps"]:
        if step["action"] != "aws:runShellScript":
            raise NotImplementedError(f"the rehearsal's Run Command has no {step['action']}")
        if ("StringEquals", ["platformType", "Linux"]) not in step.get(
            "precondition", {}
        ).items() and step.get("precondition"):
            raise NotImplementedError(f"the rehearsal's Run Command knows Linux, not {step['precondition']}")
        inputs = step["inputs"]
        lines = inputs["runCommand"] if isinstance(inputs["runCommand"], list) else [inputs["runCommand"]]
        script = "\n".join(_filled_in(line, values) for line in lines)
        seconds = int(_filled_in(str(inputs.get("timeoutSeconds", STEP_SECONDS)), values))
        steps.append((str(step["name"]), script, seconds))
    return tuple(steps)


def _value(name: str, declared: Mapping[str, Any], given: Sequence[str] | None) -> str:
    if given is None:
        if "default" not in declared:
            raise _error("InvalidParameters", f"Parameter {name} is required")
        return str(declared["default"])
    if declared["type"] != "String":
        raise NotImplementedError(f"the rehearsal's Run Command has no parameter of type {declared['type']}")
    (value,) = given
    if "allowedValues" in declared and value not in declared["allowedValues"]:
        raise _error("InvalidParameters", f"Parameter {name} has the value {value}, which is not allowed")
    if "allowedPattern" in declared and not re.fullmatch(declared["allowedPattern"], value):
        raise _error("InvalidParameters", f"Parameter {name} does not match {declared['allowedPattern']}")
    return value


def _filled_in(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: values[found[1]], text)


def _told(command: Command, each: Invocation) -> dict[str, Any]:
    """GetCommandInvocation's answer."""
    finished = each.status not in UNFINISHED
    return {
        "CommandId": command.id,
        "InstanceId": each.instance_id,
        "Comment": command.request.get("Comment", ""),
        "DocumentName": command.document,
        "DocumentVersion": command.request.get("DocumentVersion", "$DEFAULT"),
        "PluginName": command.steps[0][0],
        "ResponseCode": each.response_code,
        "ExecutionStartDateTime": _iso(each.began),
        "ExecutionElapsedTime": f"PT{(each.ended - each.began).total_seconds():.3f}S"
        if each.began and each.ended
        else "",
        "ExecutionEndDateTime": _iso(each.ended),
        "Status": each.status,
        "StatusDetails": each.details,
        # There is no output before the end.
        "StandardOutputContent": _cut(each.stdout, STDOUT_CHARACTERS) if finished else "",
        "StandardOutputUrl": "",
        "StandardErrorContent": _cut(each.stderr, STDERR_CHARACTERS) if finished else "",
        "StandardErrorUrl": "",
    }


def _row_of(command: Command, each: Invocation, *, with_output: bool) -> dict[str, Any]:
    """ListCommandInvocations' row."""
    row: dict[str, Any] = {
        "CommandId": command.id,
        "InstanceId": each.instance_id,
        "InstanceName": "",
        "Comment": command.request.get("Comment", ""),
        "DocumentName": command.document,
        "RequestedDateTime": command.asked_at.timestamp(),
        "Status": each.status,
        "StatusDetails": each.details,
        "CommandPlugins": [],
    }
    if with_output:
        output = each.stdout + (f"\n----------ERROR-------\n{each.stderr}" if each.stderr else "")
        plugin = {
            "Name": command.steps[0][0],
            "Status": each.status,
            "StatusDetails": each.details,
            "ResponseCode": each.response_code,
            "Output": _cut(output, PLUGIN_CHARACTERS),
        }
        row["CommandPlugins"] = [plugin]
    return row


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - len(CUT)] + CUT


def _iso(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z" if moment else ""


def _share(text: str, of: int) -> int:
    """MaxConcurrency and MaxErrors: a number, or a percentage of the targets."""
    return int(text[:-1]) * of // 100 if text.endswith("%") else int(text)


def _has_tag(instance: Any, key: str, values: Sequence[str]) -> bool:
    return any(tag["key"] == key and tag["value"] in values for tag in instance.get_tags())


def _error(code: str, message: str) -> JsonRESTError:
    return JsonRESTError(code, message)
