"""The requests that the outside sends to the world's process: one line of JSON there, and one back."""

import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import cattrs

from rehearsal.contract import run_directory
from rehearsal.contract.tick_result import AlarmState, TickResult
from rehearsal.error import RehearsalError
from rehearsal.machine.workplace import Workplace


class RefusedByWorldError(RehearsalError):
    """The world's process could not do it; the text is the reason."""


class Actions(Protocol):
    """What the world's process does on request. A moment ``at`` is ISO 8601; None is now."""

    def tick(self, job: str, at: str | None) -> TickResult:
        """Run one schedule once, and then have CloudWatch look at every alarm."""

    def alarms(self, at: str | None) -> tuple[AlarmState, ...]:
        """Have CloudWatch look at every alarm."""

    def power(self, instance_id: str, on: bool) -> None:
        """Cut a host's power without EC2 noticing, or give it back. Its disk keeps what was written to it: what
        programs have synced, and the rest after half a minute."""

    def lose_disk(self, instance_id: str) -> None:
        """Have every read and write of a host's disk fail, without EC2 noticing."""

    def fail_check(self, instance_id: str, check: str) -> None:
        """Have a host's group notice that it fails a health check: EC2, or EBS."""

    def forbid(self, actions: Sequence[str]) -> None:
        """The account's organization denies these actions from now on, and no others."""

    def lose_region(self) -> None:
        """The registry's region answers no more, its hosts lose their power, and S3 copies nothing from it any more.
        From now on the person is in the other region."""

    def password(self) -> str:
        """The password of the first login; empty before a host has made it."""


@dataclass(frozen=True, slots=True)
class Control:
    """The world's actions, asked for from outside. Each raises RefusedByWorldError if it failed."""

    workplace: Workplace

    def tick(self, job: str, at: str | None = None) -> TickResult:
        return cattrs.structure(self._ask("tick", job=job, at=at), TickResult)

    def alarms(self, at: str | None = None) -> tuple[AlarmState, ...]:
        return cattrs.structure(self._ask("alarms", at=at), tuple[AlarmState, ...])

    def power(self, instance_id: str, on: bool) -> None:
        self._ask("power", instance_id=instance_id, on=on)

    def forbid(self, *actions: str) -> None:
        self._ask("forbid", actions=actions)

    def lose_disk(self, instance_id: str) -> None:
        self._ask("lose_disk", instance_id=instance_id)

    def fail_check(self, instance_id: str, check: str) -> None:
        self._ask("fail_check", instance_id=instance_id, check=check)

    def lose_region(self) -> None:
        self._ask("lose_region")

    def password(self) -> str:
        return str(self._ask("password"))

    def _ask(self, action: str, **arguments: Any) -> Any:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.workplace.run / run_directory.CONTROL_SOCKET))
            connection.sendall(json.dumps({"action": action, "arguments": arguments}).encode() + b"\n")
            with connection.makefile() as answers:
                answer = json.loads(answers.readline())
        if "refused" in answer:
            raise RefusedByWorldError(answer["refused"])
        return answer["answer"]
