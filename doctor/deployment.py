"""The registries in this account and region, as CloudFormation's stacks tell."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Of stacks/registry.py, after the setting name_prefix.
STACKS = ("storage", "dns", "host", "operations")
# Of the stacks' descriptions.
_ANY = "Private Docker registry: "
_ADDRESS_OF = f"{_ANY}address of "


@dataclass(frozen=True, slots=True)
class Stack:
    name: str
    status: str
    description: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_of_a_registry(self) -> bool:
        return self.description.startswith(_ANY)

    @property
    def domain_name(self) -> str:
        """Of the registry whose address the stack holds; empty for any other stack."""
        return self.description.removeprefix(_ADDRESS_OF) if self.description.startswith(_ADDRESS_OF) else ""


@dataclass(frozen=True, slots=True)
class Deployment:
    """``own`` are the stacks with the names that a deployment would use, ``others`` are those of other registries."""

    own: tuple[Stack, ...] = ()
    others: tuple[Stack, ...] = ()

    def stack(self, kind: str) -> Stack | None:
        """``kind`` is one of STACKS. A stack of another program is none."""
        registry = (stack for stack in self.own if stack.is_of_a_registry)
        return next((stack for stack in registry if stack.name.endswith(f"-{kind}")), None)

    @property
    def address(self) -> str:
        """The registry's own; empty before the first deployment."""
        dns = self.stack("dns")
        return dns.outputs.get("PublicAddress", "") if dns else ""

    @property
    def runs(self) -> bool:
        host = self.stack("host")
        return host is not None and not host.status.startswith(("ROLLBACK", "REVIEW", "DELETE", "CREATE_FAILED"))


def look(cloudformation: Any, name_prefix: str) -> Deployment:
    names = {f"{name_prefix}-{kind}" for kind in STACKS}
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    stacks = [_stack(row) for page in pages for row in page["Stacks"]]
    own = tuple(stack for stack in stacks if stack.name in names)
    return Deployment(own, tuple(stack for stack in stacks if stack.is_of_a_registry and stack.name not in names))


def resources(cloudformation: Any, made: Deployment, kind: str) -> tuple[str, ...]:
    """The physical ids of this type in the operations stack; none without that stack."""
    stack = made.stack("operations")
    if stack is None:
        return ()
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack.name)
    rows = (row for page in pages for row in page["StackResourceSummaries"])
    return tuple(row["PhysicalResourceId"] for row in rows if row["ResourceType"] == kind)


def _stack(row: Mapping[str, Any]) -> Stack:
    outputs = {output["OutputKey"]: output["OutputValue"] for output in row.get("Outputs", [])}
    return Stack(row["StackName"], row["StackStatus"], row.get("Description", ""), outputs)
