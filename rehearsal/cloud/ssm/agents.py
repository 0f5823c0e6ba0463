"""The SSM agents of the hosts, as Run Command sees them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


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
