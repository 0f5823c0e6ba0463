"""Makes, changes and removes the resources of one stack, one at a time, and records what happens."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Condition
from typing import Any

from moto.core.utils import utcnow

from rehearsal.cloud.cloudformation.resource_type import Request, ResourceType
from rehearsal.cloud.cloudformation.signals import Desk, SignalWait, StoppedError
from rehearsal.cloud.cloudformation.stack import Deployed, DeployedStack
from rehearsal.cloud.cloudformation.template import Resolver
from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.s3.buckets import Buckets

REPLACED = "Requested update requires the creation of a new physical resource; hence creating one."


class ResourceError(Exception):
    def __init__(self, logical_id: str) -> None:
        super().__init__(logical_id)
        self.logical_id = logical_id


@dataclass(slots=True)
class Builder:
    """``desks`` has a desk for each resource that takes signals now, by stack id and logical id. Methods hold the
    world's lock, and give it back only while they wait for signals."""

    world: Condition
    scope: Scope
    buckets: Buckets
    type_named: Callable[[str], ResourceType]
    stack: DeployedStack
    desks: dict[tuple[str, str], Desk]
    stopping: Callable[[], bool]

    def create(self, resolver: Resolver, logical_id: str, definition: dict[str, Any]) -> Deployed:
        """Raises ResourceError: recorded as CREATE_FAILED."""
        stack = self.stack
        deployed = Deployed(logical_id, definition, definition, None, "CREATE_IN_PROGRESS", None, utcnow())
        stack.deployed[logical_id] = deployed
        stack.record_resource(deployed, "CREATE_IN_PROGRESS")
        with self._recording_failure(deployed, "CREATE_FAILED"):
            kind = self.type_named(deployed.type)
            deployed.resolved = resolver.resolve(definition)
            request = self._request(deployed, "CREATE_IN_PROGRESS")
            deployed.resource = kind.create(request)
            resolver.know(logical_id, deployed.resource)
            stack.record_resource(deployed, "CREATE_IN_PROGRESS", "Resource creation Initiated")
            kind.settle(request, deployed.resource)
        stack.record_resource(deployed, "CREATE_COMPLETE")
        return deployed

    def update(self, resolver: Resolver, old: Deployed, new: Deployed) -> None:
        """Raises ResourceError: recorded as UPDATE_FAILED."""
        stack = self.stack
        with self._recording_failure(new, "UPDATE_FAILED"):
            kind = self.type_named(new.type)
            stack.record_resource(new, "UPDATE_IN_PROGRESS")
            request = self._request(new, "UPDATE_IN_PROGRESS")
            updated = kind.update(request, old.resource, self._request(old, ""))
            new.resource, new.replaces = updated.resource, updated.replaced
            resolver.know(new.logical_id, new.resource)
            if updated.replaced:
                stack.record_resource(new, "UPDATE_IN_PROGRESS", REPLACED)
                kind.settle(request, new.resource)
        stack.record_resource(new, "UPDATE_COMPLETE")

    def has_drifted(self, deployed: Deployed) -> bool:
        return self.type_named(deployed.type).has_drifted(self._request(deployed, ""), deployed.resource)

    def resolve(self, resolver: Resolver, old: Deployed, definition: dict[str, Any]) -> Deployed:
        """The resource as the new template has it, not yet updated. Raises ResourceError: recorded as UPDATE_FAILED."""
        new = replace(old, definition=definition, replaces=False)
        with self._recording_failure(new, "UPDATE_FAILED"):
            new.resolved = resolver.resolve(definition)
            resolver.know(old.logical_id, old.resource)
            self.stack.deployed[old.logical_id] = new
        return new

    def restore(self, resolver: Resolver, old: Deployed, new: Deployed) -> None:
        """Undo an update in place, with the attributes that other resources have now. Raises ResourceError: recorded as
        UPDATE_FAILED."""
        self.stack.record_resource(old, "UPDATE_IN_PROGRESS")
        with self._recording_failure(old, "UPDATE_FAILED"):
            if not new.replaces:
                old.resolved = resolver.resolve(old.definition)
                request = self._request(old, "UPDATE_IN_PROGRESS")
                kind = self.type_named(old.type)
                old.resource = kind.restore(request, new.resource, self._request(new, "")).resource
            resolver.know(old.logical_id, old.resource)
        self.stack.record_resource(old, "UPDATE_COMPLETE")

    def remove(self, old: Deployed, *, undoing: bool = False) -> bool:
        """Delete a resource unless it is to be kept; False when it could not be deleted."""
        policy = old.definition.get("DeletionPolicy")
        if old.status == "DELETE_COMPLETE" or old.resource is None:
            return True
        if policy == "Retain" or (policy == "RetainExceptOnCreate" and not undoing):
            self.stack.record_resource(old, "DELETE_SKIPPED")
            return True
        self.stack.record_resource(old, "DELETE_IN_PROGRESS")
        try:
            with self._recording_failure(old, "DELETE_FAILED"):
                self.type_named(old.type).delete(self._request(old, ""), old.resource)
        except ResourceError:
            return False
        self.stack.record_resource(old, "DELETE_COMPLETE")
        return True

    @contextmanager
    def _recording_failure(self, deployed: Deployed, status: str) -> Iterator[None]:
        try:
            yield
        except StoppedError:
            raise
        except Exception as error:
            self.stack.record_resource(deployed, status, _reason(error))
            raise ResourceError(deployed.logical_id) from error
        finally:
            self.desks.pop((self.stack.stack_id, deployed.logical_id), None)

    def _request(self, deployed: Deployed, announcing: str) -> Request:
        """With a desk that takes signals, and tells about them under the status announced, if any."""
        stack = self.stack
        desk = Desk(announce=lambda text: stack.record_resource(deployed, announcing, text))
        if announcing:
            self.desks[stack.stack_id, deployed.logical_id] = desk
        signals = SignalWait(self.world, desk, self.stopping)
        return Request(
            stack.stack_id, stack.name, deployed.logical_id, deployed.resolved, self.scope, self.buckets, signals
        )


def is_same(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """DependsOn, policies and conditions are CloudFormation's own business: no change of the resource."""
    return all(old.get(part) == new.get(part) for part in ("Properties", "Metadata"))


def _reason(error: Exception) -> str:
    return str(getattr(error, "message", None) or getattr(error, "description", None) or error or type(error).__name__)
