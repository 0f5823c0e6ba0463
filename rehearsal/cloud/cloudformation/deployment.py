"""Creates, updates and deletes one stack as CloudFormation does, waiting where it waits."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from threading import Condition
from typing import Any

from moto.cloudformation.parsing import Export
from moto.core.utils import utcnow

from rehearsal.cloud.cloudformation.resolver import Resolver
from rehearsal.cloud.cloudformation.resource_type import Request
from rehearsal.cloud.cloudformation.resource_types import ResourceTypes
from rehearsal.cloud.cloudformation.signals import Desk, SignalWait, StoppedError
from rehearsal.cloud.cloudformation.stack import Deployed, DeployedStack
from rehearsal.cloud.cloudformation.template import TemplateError, creation_order
from rehearsal.cloud.core.values import Place


class ResourceError(Exception):
    def __init__(self, logical_id: str) -> None:
        super().__init__(logical_id)
        self.logical_id = logical_id


@dataclass(frozen=True, slots=True)
class Target:
    """What a stack is to become."""

    template: Any
    template_dict: dict[str, Any]
    parameters: Mapping[str, str]
    resolver: Resolver


@dataclass(slots=True)
class Deployment:
    """Methods hold the world's lock, and give it back only while they wait for signals."""

    world: Condition
    place: Place
    types: ResourceTypes
    stack: DeployedStack
    exports: dict[str, Export]
    importers: Callable[[str], list[str]]
    desks: dict[tuple[str, str], Desk]
    stopping: Callable[[], bool]

    def create(self, target: Target) -> None:
        stack = self.stack
        self._adopt(target)
        stack.record("CREATE_IN_PROGRESS", "User Initiated")
        try:
            wanted = target.resolver.wanted()
            for logical_id in creation_order(wanted):
                self._create(target.resolver, logical_id, wanted[logical_id])
            self._publish(target.resolver.outputs())
        except ResourceError as failed:
            self._roll_back_creation(f"The following resource(s) failed to create: [{failed.logical_id}]")
        except TemplateError as wrong:
            self._roll_back_creation(str(wrong))
        else:
            stack.record("CREATE_COMPLETE")

    def update(self, target: Target) -> None:
        stack = self.stack
        before = dict(stack.deployed)
        changed: list[tuple[Deployed, Deployed]] = []
        created: list[Deployed] = []
        stack.record("UPDATE_IN_PROGRESS", "User Initiated")
        try:
            wanted = target.resolver.wanted()
            for logical_id in creation_order(wanted):
                old = before.get(logical_id)
                if old is None or old.type != wanted[logical_id]["Type"]:
                    created.append(self._create(target.resolver, logical_id, wanted[logical_id]))
                else:
                    self._update(target.resolver, old, wanted[logical_id], changed)
            outputs = target.resolver.outputs()
            self._check_exports(outputs)
        except ResourceError as failed:
            self._roll_back_update(
                before, changed, f"The following resource(s) failed to update: [{failed.logical_id}]."
            )
            return
        except TemplateError as wrong:
            self._roll_back_update(before, changed, str(wrong))
            return
        removed = [old for logical_id, old in before.items() if logical_id not in wanted]
        retyped = [before[new.logical_id] for new in created if new.logical_id in before]
        replaced = [old for old, new in changed if new.replaces]
        self._adopt(target)
        self._publish(outputs)
        stack.record("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        for old in _reversed_creation_order([*removed, *retyped, *replaced]):
            self._remove(old)
            if stack.deployed.get(old.logical_id) is old:
                del stack.deployed[old.logical_id]
        stack.record("UPDATE_COMPLETE")

    def delete(self, previous_status: str) -> None:
        stack = self.stack
        stack.record("DELETE_IN_PROGRESS", "User Initiated")
        for export in stack.exports:
            if users := self.importers(export.name):
                in_use = f"Cannot delete export {export.name} as it is in use by {', '.join(users)}."
                stack.record(previous_status, f"Delete canceled. {in_use}")
                return
        stuck = [
            old.logical_id
            for old in _reversed_creation_order(stack.deployed.values())
            if not self._remove(old)
        ]
        if stuck:
            stack.record(
                "DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(stuck)}]."
            )
            return
        self._publish({})
        stack.record("DELETE_COMPLETE")

    def _adopt(self, target: Target) -> None:
        stack = self.stack
        stack.template = target.template
        stack.template_dict = target.template_dict
        stack.description = target.template_dict.get("Description")
        stack.parameters = dict(target.parameters)
        stack.resolver = target.resolver

    def _create(self, resolver: Resolver, logical_id: str, definition: dict[str, Any]) -> Deployed:
        stack = self.stack
        deployed = Deployed(logical_id, definition, definition, None, "CREATE_IN_PROGRESS", None, utcnow())
        stack.deployed[logical_id] = deployed
        stack.record_resource(deployed, "CREATE_IN_PROGRESS")
        try:
            kind = self.types.named(deployed.type)
            deployed.resolved = resolver.resolve(definition)
            request = self._request(deployed, "CREATE_IN_PROGRESS")
            deployed.resource = kind.create(request)
            resolver.know(logical_id, deployed.resource)
            stack.record_resource(deployed, "CREATE_IN_PROGRESS", "Resource creation Initiated")
            kind.settle(request, deployed.resource)
        except StoppedError:
            raise
        except Exception as error:
            stack.record_resource(deployed, "CREATE_FAILED", _reason(error))
            raise ResourceError(logical_id) from error
        finally:
            self.desks.pop((stack.stack_id, logical_id), None)
        stack.record_resource(deployed, "CREATE_COMPLETE")
        return deployed

    def _update(
        self,
        resolver: Resolver,
        old: Deployed,
        definition: dict[str, Any],
        changed: list[tuple[Deployed, Deployed]],
    ) -> None:
        stack = self.stack
        new = replace(old, definition=definition, replaces=False)
        try:
            new.resolved = resolver.resolve(definition)
            resolver.know(old.logical_id, old.resource)
            stack.deployed[old.logical_id] = new
            if _same(old.resolved, new.resolved):
                return
            changed.append((old, new))
            kind = self.types.named(new.type)
            stack.record_resource(new, "UPDATE_IN_PROGRESS")
            request = self._request(new, "UPDATE_IN_PROGRESS")
            updated = kind.update(request, old.resource, self._request(old, ""))
            new.resource, new.replaces = updated.resource, updated.replaced
            resolver.know(new.logical_id, new.resource)
            if updated.replaced:
                stack.record_resource(new, "UPDATE_IN_PROGRESS", REPLACED)
                kind.settle(request, new.resource)
        except StoppedError:
            raise
        except Exception as error:
            stack.record_resource(new, "UPDATE_FAILED", _reason(error))
            raise ResourceError(old.logical_id) from error
        finally:
            self.desks.pop((stack.stack_id, old.logical_id), None)
        stack.record_resource(new, "UPDATE_COMPLETE")

    def _roll_back_creation(self, reason: str) -> None:
        stack = self.stack
        stack.record("ROLLBACK_IN_PROGRESS", f"{reason}. Rollback requested by user.")
        made = [old for old in stack.deployed.values() if old.resource is not None]
        stuck = [
            old.logical_id for old in _reversed_creation_order(made) if not self._remove(old, undoing=True)
        ]
        if stuck:
            stack.record(
                "ROLLBACK_FAILED", f"The following resource(s) failed to delete: [{', '.join(stuck)}]."
            )
        else:
            stack.record("ROLLBACK_COMPLETE")

    def _roll_back_update(
        self, before: Mapping[str, Deployed], changed: Iterable[tuple[Deployed, Deployed]], reason: str
    ) -> None:
        """Put back, in the order of creation, what was changed; then remove what was added."""
        stack = self.stack
        stack.record("UPDATE_ROLLBACK_IN_PROGRESS", reason)
        leftovers = [new for new in stack.deployed.values() if new.logical_id not in before]
        leftovers += [
            new for name, new in stack.deployed.items() if name in before and new.type != before[name].type
        ]
        stack.deployed = {**before}
        for old, new in changed:
            try:
                stack.record_resource(old, "UPDATE_IN_PROGRESS")
                if new.replaces:
                    leftovers.append(new)
                else:
                    kind = self.types.named(old.type)
                    request = self._request(old, "UPDATE_IN_PROGRESS")
                    old.resource = kind.restore(request, new.resource, self._request(new, "")).resource
            except StoppedError:
                raise
            except Exception as error:  # noqa: BLE001  see _create
                stack.record_resource(old, "UPDATE_FAILED", _reason(error))
                stack.record(
                    "UPDATE_ROLLBACK_FAILED",
                    f"The following resource(s) failed to update: [{old.logical_id}].",
                )
                return
            finally:
                self.desks.pop((stack.stack_id, old.logical_id), None)
            stack.record_resource(old, "UPDATE_COMPLETE")
        stack.record("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        for new in _reversed_creation_order(leftovers):
            self._remove(new, undoing=True)
        stack.record("UPDATE_ROLLBACK_COMPLETE")

    def _remove(self, old: Deployed, *, undoing: bool = False) -> bool:
        """Delete a resource unless it is to be kept; False when it could not be deleted."""
        policy = old.definition.get("DeletionPolicy")
        if old.status == "DELETE_COMPLETE" or old.resource is None:
            return True
        if policy == "Retain" or (policy == "RetainExceptOnCreate" and not undoing):
            self.stack.record_resource(old, "DELETE_SKIPPED")
            return True
        self.stack.record_resource(old, "DELETE_IN_PROGRESS")
        try:
            self.types.named(old.type).delete(self._request(old, ""), old.resource)
        except Exception as error:  # noqa: BLE001  see _create
            self.stack.record_resource(old, "DELETE_FAILED", _reason(error))
            return False
        self.stack.record_resource(old, "DELETE_COMPLETE")
        return True

    def _request(self, deployed: Deployed, announcing: str) -> Request:
        """With a desk that takes signals, and tells about them under the status announced, if any."""
        stack = self.stack
        desk = Desk(announce=lambda text: stack.record_resource(deployed, announcing, text))
        if announcing:
            self.desks[stack.stack_id, deployed.logical_id] = desk
        return Request(
            stack_id=stack.stack_id,
            stack_name=stack.name,
            logical_id=deployed.logical_id,
            definition=deployed.resolved,
            place=self.place,
            signals=SignalWait(self.world, desk, self.stopping),
        )

    def _check_exports(self, outputs: Mapping[str, Mapping[str, Any]]) -> None:
        new = {output["Export"]["Name"]: output["Value"] for output in outputs.values() if "Export" in output}
        for export in self.stack.exports:
            users = self.importers(export.name)
            if users and export.name not in new:
                raise TemplateError(
                    f"Cannot delete export {export.name} as it is in use by {', '.join(users)}"
                )
            if users and new[export.name] != export.value:
                raise TemplateError(
                    f"Cannot update export {export.name} as it is in use by {', '.join(users)}"
                )
        for name in new:
            owner = self.exports.get(name)
            if owner and owner.exporting_stack_id != self.stack.stack_id:
                raise TemplateError(
                    f"Export with name {name} is already exported by stack {owner.exporting_stack_id}"
                )

    def _publish(self, outputs: dict[str, dict[str, Any]]) -> None:
        self._check_exports(outputs)
        for export in self.stack.exports:
            self.exports.pop(export.name, None)
        self.stack.resolved_outputs = outputs
        for export in self.stack.exports:
            self.exports[export.name] = export


REPLACED = "Requested update requires the creation of a new physical resource; hence creating one."


def _same(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """DependsOn, policies and conditions are CloudFormation's own business: no change of the resource."""
    return all(old.get(part) == new.get(part) for part in ("Properties", "Metadata"))


def _reversed_creation_order(resources: Iterable[Deployed]) -> list[Deployed]:
    found = {old.logical_id: old for old in resources}
    return [
        found[name]
        for name in reversed(creation_order({name: old.definition for name, old in found.items()}))
    ]


def _reason(error: Exception) -> str:
    return str(
        getattr(error, "message", None)
        or getattr(error, "description", None)
        or error
        or type(error).__name__
    )
