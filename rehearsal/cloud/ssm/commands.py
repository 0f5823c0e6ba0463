"""Run Command: documents really run on the hosts, and end as Systems Manager says it.

https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html
"""

import threading
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from moto.core.exceptions import JsonRESTError
from moto.ssm.exceptions import InvalidDocument
from moto.ssm.models import ssm_backends

from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.ec2.observed import running
from rehearsal.cloud.ssm.documents import read_steps
from rehearsal.cloud.ssm.invocations import Command, Invocation

LEAST_DELIVERY_SECONDS = 30
DELIVERY_SECONDS = 3600
# Targets are found out after the command was accepted.
TARGETS_SECONDS = 0.3
TRY_AGAIN_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Ran:
    """``exit_code`` is None when the time limit ended the command."""

    stdout: str
    stderr: str
    exit_code: int | None


class Agents(Protocol):
    def is_registered(self, instance_id: str) -> bool:
        """Whether the agent has ever answered: only then the host is a managed node."""
        ...

    def answers(self, instance_id: str) -> bool: ...

    def run(self, instance_id: str, argv: Sequence[str], timeout_seconds: int) -> Ran: ...


class NoAgents:
    """Before the rehearsal has hosts."""

    def is_registered(self, instance_id: str) -> bool:  # noqa: ARG002
        return False

    def answers(self, instance_id: str) -> bool:  # noqa: ARG002
        return False

    def run(self, instance_id: str, argv: Sequence[str], timeout_seconds: int) -> Ran:
        raise NotImplementedError(f"{instance_id}: {argv} within {timeout_seconds} s")


class Commands:
    def __init__(self, scope: Scope, world: threading.Condition) -> None:
        self.agents: Agents = NoAgents()
        self._scope = scope
        self._world = world
        self.all: dict[str, Command] = {}
        self._stopping = False

    def stop(self) -> None:
        with self._world:
            self._stopping = True
            self._world.notify_all()

    def send(self, request: Mapping[str, Any]) -> Command:
        """What SendCommand does with a request that is allowed. Raises JsonRESTError: what SendCommand answers to a
        wrong one."""
        documents = self._scope.regional(ssm_backends)._documents
        name = str(request["DocumentName"]).rsplit("/", 1)[-1]
        if name not in documents:
            raise InvalidDocument("The specified document does not exist.")
        content = documents[name].get_default_version().content_json
        seconds = int(request.get("TimeoutSeconds") or DELIVERY_SECONDS)
        if seconds < LEAST_DELIVERY_SECONDS:
            raise JsonRESTError("ValidationException", f"TimeoutSeconds must be at least {LEAST_DELIVERY_SECONDS}")
        for instance_id in request.get("InstanceIds", []):
            if not self.agents.is_registered(instance_id):
                raise JsonRESTError(
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
        self.all[command.id] = command
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
        """Ids of the instances that the command names, or that have the tag and run."""
        found = list(command.request.get("InstanceIds", []))
        with self._world:
            for target in command.request.get("Targets", []):
                key, values = target["Key"], target["Values"]
                if key == "InstanceIds":
                    found += values
                elif key.startswith("tag:"):
                    wanted = [(key[4:], value) for value in values]
                    found += [
                        each.id
                        for each in running(self._scope)
                        if any((tag["key"], tag["value"]) in wanted for tag in each.get_tags())
                    ]
                else:
                    raise NotImplementedError(f"the rehearsal's Run Command has no target {key}")
        return list(dict.fromkeys(found))

    def _invoke(self, command: Command, invocation: Invocation, errors_allowed: int) -> None:
        if self._errors(command) > errors_allowed:
            self._become(invocation, "Cancelled", "Terminated")
            return
        if not self._deliver(command, invocation):
            return
        self._become(invocation, "InProgress")
        for step in command.steps:
            # The agent's own way, with its working directory and no terminal.
            ran = self.agents.run(invocation.instance_id, ["sh", "-c", step.script], step.seconds)
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
                alive = {each.id for each in running(self._scope)}
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

    def named(self, command_id: str) -> Command:
        if command_id not in self.all:
            raise JsonRESTError("InvalidCommandId", "")
        return self.all[command_id]


def _share(text: str, of: int) -> int:
    """MaxConcurrency and MaxErrors: a number, or a percentage of the targets."""
    return int(text[:-1]) * of // 100 if text.endswith("%") else int(text)
