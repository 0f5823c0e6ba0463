"""The exports of all stacks, and the rules that keep those which other stacks use.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
"""

import json
from collections.abc import Mapping
from typing import Any

from moto.cloudformation.models import CloudFormationBackend

from rehearsal.cloud.cloudformation.stack import DeployedStack
from rehearsal.cloud.cloudformation.template import TemplateError, imported_names


class Exports:
    def __init__(self, backend: CloudFormationBackend) -> None:
        self._backend = backend

    def used_by_others(self, stack: DeployedStack) -> str:
        """The reason why the stack cannot be deleted; empty if it can."""
        for export in stack.exports:
            if users := self._users(export.name):
                return f"Cannot delete export {export.name} as it is in use by {users}."
        return ""

    def check(self, stack: DeployedStack, outputs: Mapping[str, Mapping[str, Any]]) -> None:
        """
        Raises:
            TemplateError: the stack may not have these outputs.
        """
        new = {output["Export"]["Name"]: output["Value"] for output in outputs.values() if "Export" in output}
        for export in stack.exports:
            users = self._users(export.name)
            if users and export.name not in new:
                raise TemplateError(f"Cannot delete export {export.name} as it is in use by {users}")
            if users and new[export.name] != export.value:
                raise TemplateError(f"Cannot update export {export.name} as it is in use by {users}")
        for name in new:
            owner = self._backend.exports.get(name)
            if owner and owner.exporting_stack_id != stack.stack_id:
                raise TemplateError(f"Export with name {name} is already exported by stack {owner.exporting_stack_id}")

    def publish(self, stack: DeployedStack, outputs: dict[str, dict[str, Any]]) -> None:
        self.check(stack, outputs)
        for export in stack.exports:
            self._backend.exports.pop(export.name, None)
        stack.resolved_outputs = outputs
        for export in stack.exports:
            self._backend.exports[export.name] = export

    def _users(self, export_name: str) -> str:
        """Names of the stacks that import it."""
        return ", ".join(
            stack.name
            for stack in self._backend.stacks.values()
            if isinstance(stack, DeployedStack) and export_name in _imports(stack)
        )


def _imports(stack: DeployedStack) -> set[str]:
    names: set[str] = set()
    if stack.resolver is None:
        return names
    for name in imported_names(stack.template_dict):
        try:
            names.add(str(stack.resolver.resolve(name)))
        except TemplateError:
            names.add(json.dumps(name))
    return names
