"""Creates, updates and deletes one stack as CloudFormation does, with roll-back."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.cloudformation.models import CloudFormationBackend

from rehearsal.cloud.cloudformation.builder import Builder, ResourceError, is_same
from rehearsal.cloud.cloudformation.stack import Deployed, DeployedStack
from rehearsal.cloud.cloudformation.template import Resolver, TemplateError, creation_order, imported_names


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
        """Raises TemplateError: the stack may not have these outputs."""
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


@dataclass(frozen=True, slots=True)
class Target:
    """What a stack is to become."""

    template: Any
    template_dict: dict[str, Any]
    parameters: Mapping[str, str]
    resolver: Resolver

    def is_deployed(self, stack: DeployedStack) -> bool:
        """Whether the stack has this template and these values, those read from Parameter Store included."""
        return (
            stack.template_dict == self.template_dict
            and stack.resolver is not None
            and stack.resolver.resolved_parameters == self.resolver.resolved_parameters
        )


@dataclass(slots=True)
class Deployment:
    stack: DeployedStack
    builder: Builder
    exports: Exports

    def create(self, target: Target) -> None:
        stack = self.stack
        self._adopt(target)
        stack.record("CREATE_IN_PROGRESS", "User Initiated")
        try:
            wanted = target.resolver.wanted()
            for logical_id in creation_order(wanted):
                self.builder.create(target.resolver, logical_id, wanted[logical_id])
            self.exports.publish(stack, target.resolver.outputs())
        except ResourceError as failed:
            self._roll_back_creation(f"The following resource(s) failed to create: [{failed.logical_id}]")
        except TemplateError as wrong:
            self._roll_back_creation(str(wrong))
        else:
            stack.record("CREATE_COMPLETE")

    def update(self, target: Target, drifted: frozenset[str] = frozenset()) -> None:
        """``drifted`` names resources to update although the template has not changed them."""
        stack, resolver = self.stack, target.resolver
        before, resolver_before = dict(stack.deployed), stack.resolver or resolver
        changed: list[tuple[Deployed, Deployed]] = []
        created: list[Deployed] = []
        stack.record("UPDATE_IN_PROGRESS", "User Initiated")
        try:
            wanted = resolver.wanted()
            for logical_id in creation_order(wanted):
                old = before.get(logical_id)
                if old is None or old.type != wanted[logical_id]["Type"]:
                    created.append(self.builder.create(resolver, logical_id, wanted[logical_id]))
                    continue
                new = self.builder.resolve(resolver, old, wanted[logical_id])
                if logical_id in drifted or not is_same(old.resolved, new.resolved):
                    changed.append((old, new))
                    self.builder.update(resolver, old, new)
            outputs = resolver.outputs()
            self.exports.check(stack, outputs)
        except ResourceError as failed:
            reason = f"The following resource(s) failed to update: [{failed.logical_id}]."
            self._roll_back_update(resolver_before, before, changed, reason)
            return
        except TemplateError as wrong:
            self._roll_back_update(resolver_before, before, changed, str(wrong))
            return
        removed = [old for logical_id, old in before.items() if logical_id not in wanted]
        retyped = [before[new.logical_id] for new in created if new.logical_id in before]
        replaced = [old for old, new in changed if new.replaces]
        self._adopt(target)
        self.exports.publish(stack, outputs)
        stack.record("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        for old in _reversed_creation_order([*removed, *retyped, *replaced]):
            self.builder.remove(old)
            if stack.deployed.get(old.logical_id) is old:
                del stack.deployed[old.logical_id]
        stack.record("UPDATE_COMPLETE")

    def delete(self, previous_status: str) -> None:
        stack = self.stack
        stack.record("DELETE_IN_PROGRESS", "User Initiated")
        if in_use := self.exports.used_by_others(stack):
            stack.record(previous_status, f"Delete canceled. {in_use}")
        elif self._remove_all(stack.deployed.values(), failed="DELETE_FAILED"):
            self.exports.publish(stack, {})
            stack.record("DELETE_COMPLETE")

    def _adopt(self, target: Target) -> None:
        stack = self.stack
        stack.template = target.template
        stack.template_dict = target.template_dict
        stack.description = target.template_dict.get("Description")
        stack.parameters = dict(target.parameters)
        stack.resolver = target.resolver

    def _roll_back_creation(self, reason: str) -> None:
        stack = self.stack
        stack.record("ROLLBACK_IN_PROGRESS", f"{reason}. Rollback requested by user.")
        made = [old for old in stack.deployed.values() if old.resource is not None]
        if self._remove_all(made, failed="ROLLBACK_FAILED", undoing=True):
            stack.record("ROLLBACK_COMPLETE")

    def _remove_all(self, resources: Iterable[Deployed], *, failed: str, undoing: bool = False) -> bool:
        """False, and recorded as failed, when some could not be deleted."""
        stuck = [
            old.logical_id
            for old in _reversed_creation_order(resources)
            if not self.builder.remove(old, undoing=undoing)
        ]
        if stuck:
            self.stack.record(failed, f"The following resource(s) failed to delete: [{', '.join(stuck)}].")
        return not stuck

    def _roll_back_update(
        self,
        resolver: Resolver,
        before: Mapping[str, Deployed],
        changed: Iterable[tuple[Deployed, Deployed]],
        reason: str,
    ) -> None:
        """Put back, in the order of creation, what was changed; then remove what was added."""
        stack = self.stack
        stack.record("UPDATE_ROLLBACK_IN_PROGRESS", reason)
        leftovers = [new for name, new in stack.deployed.items() if name not in before or new.type != before[name].type]
        stack.deployed = {**before}
        try:
            for old, new in changed:
                self.builder.restore(resolver, old, new)
                if new.replaces:
                    leftovers.append(new)
        except ResourceError as failed:
            reason = f"The following resource(s) failed to update: [{failed.logical_id}]."
            stack.record("UPDATE_ROLLBACK_FAILED", reason)
            return
        stack.record("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        for new in _reversed_creation_order(leftovers):
            self.builder.remove(new, undoing=True)
        stack.record("UPDATE_ROLLBACK_COMPLETE")


def _reversed_creation_order(resources: Iterable[Deployed]) -> list[Deployed]:
    found = {old.logical_id: old for old in resources}
    return [found[name] for name in reversed(creation_order({name: old.definition for name, old in found.items()}))]
