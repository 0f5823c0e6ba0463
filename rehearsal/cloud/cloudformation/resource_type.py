"""How CloudFormation makes, changes and removes the resources of one type."""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from moto.cloudformation.parsing import generate_resource_name, get_model_map

from rehearsal.cloud.cloudformation.signals import SignalWait
from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.s3.buckets import Buckets


@dataclass(frozen=True, slots=True)
class Request:
    """What CloudFormation asks of a resource type; the definition has no intrinsic function left."""

    stack_id: str
    stack_name: str
    logical_id: str
    definition: Mapping[str, Any]
    scope: Scope
    buckets: Buckets
    signals: SignalWait

    @property
    def type(self) -> str:
        return str(self.definition["Type"])

    @property
    def properties(self) -> dict[str, Any]:
        return deepcopy(dict(self.definition.get("Properties") or {}))

    @property
    def stack_tags(self) -> dict[str, str]:
        return {
            "aws:cloudformation:stack-name": self.stack_name,
            "aws:cloudformation:stack-id": self.stack_id,
            "aws:cloudformation:logical-id": self.logical_id,
        }

    def name(self, name_property: str, longest: int = 255) -> str:
        """The name in the template, or a generated one of at most so many characters."""
        return str(self.properties.get(name_property) or self.generated_name()[-longest:].lstrip("-"))

    def generated_name(self) -> str:
        return generate_resource_name(self.type, self.stack_name, self.logical_id)


@dataclass(frozen=True, slots=True)
class Updated:
    """``replaced``: the old resource still exists and has to be removed once the update holds."""

    resource: Any
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """What a template can refer to, of a resource that moto keeps in a form of its own."""

    physical_resource_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)

    def get_cfn_attribute(self, name: str) -> str:
        if name not in self.attributes:
            raise NotImplementedError(f"{name} of {self.physical_resource_id}")
        return self.attributes[name]


class ResourceType:
    """``identity`` names the properties whose change needs a new resource; None: any change does."""

    identity: tuple[str, ...] | None = None

    def create(self, request: Request) -> Any:
        raise NotImplementedError

    def settle(self, request: Request, resource: Any) -> None:
        """Return when the created resource counts as created."""

    def update(self, request: Request, resource: Any, previous: Request) -> Updated:
        if self.identity is None or differ(request, previous, *self.identity):
            return Updated(self.create(request), replaced=True)
        return Updated(self.change(request, resource, previous))

    def change(self, request: Request, resource: Any, previous: Request) -> Any:
        """Change the resource in its place, and return what it is now."""
        raise NotImplementedError

    def restore(self, request: Request, resource: Any, failed: Request) -> Updated:
        """Undo a failed update: ``request`` is what was before."""
        return self.update(request, resource, failed)

    def has_drifted(self, request: Request, resource: Any) -> bool:  # noqa: ARG002
        """Whether the resource was changed outside of CloudFormation. Known of a few types; the others never drift."""
        return False

    def delete(self, request: Request, resource: Any) -> None:
        raise NotImplementedError


class MotoType(ResourceType):
    """A type as moto models it. With an ``identity``, change() takes the place of moto's own update."""

    def create(self, request: Request) -> Any:
        return _model(request).create_from_cloudformation_json(
            _name(request),
            _definition(request),
            request.scope.account,
            request.scope.region,
            LogicalId=request.logical_id,
            StackId=request.stack_id,
            ResourceType=request.type,
        )

    def update(self, request: Request, resource: Any, previous: Request) -> Updated:
        update = _model(request).update_from_cloudformation_json
        if self.identity is not None or hasattr(update, "__isabstractmethod__"):
            return super().update(request, resource, previous)
        return Updated(
            update(
                original_resource=resource,
                new_resource_name=_name(request),
                cloudformation_json=_definition(request),
                account_id=request.scope.account,
                region_name=request.scope.region,
            )
        )

    def delete(self, request: Request, resource: Any) -> None:
        account, region = request.scope.account, request.scope.region
        delete = _model(request).delete_from_cloudformation_json
        if callable(getattr(resource, "delete", None)):
            resource.delete(account, region)
        elif not hasattr(delete, "__isabstractmethod__"):
            delete(resource.physical_resource_id, _definition(request), account, region)
        else:
            raise NotImplementedError(f"the rehearsal's AWS cannot delete {request.type} yet")


class AttachedPolicyType(ResourceType):
    """One policy document for each resource that the property ``holders`` lists."""

    identity = ()
    holders: str

    def attach(self, request: Request, holder: str, document: str | None) -> None:
        """Without a document: take the policy away, if the holder still exists."""
        raise NotImplementedError

    def create(self, request: Request) -> Settled:
        self._attach_all(request)
        return Settled(request.generated_name())

    def change(self, request: Request, resource: Settled, previous: Request) -> Settled:
        for holder in set(previous.properties[self.holders]) - set(request.properties[self.holders]):
            self.attach(request, holder, None)
        self._attach_all(request)
        return resource

    def delete(self, request: Request, resource: Settled) -> None:  # noqa: ARG002
        for holder in request.properties[self.holders]:
            self.attach(request, holder, None)

    def _attach_all(self, request: Request) -> None:
        for holder in request.properties[self.holders]:
            self.attach(request, holder, json.dumps(request.properties["PolicyDocument"]))


def differ(request: Request, previous: Request, *names: str) -> bool:
    return any(request.properties.get(name) != previous.properties.get(name) for name in names)


def _model(request: Request) -> Any:
    # A CloudFormationModel, which mypy takes for abstract.
    return get_model_map()[request.type]


def _definition(request: Request) -> dict[str, Any]:
    return {**request.definition, "Properties": request.properties}


def _name(request: Request) -> str:
    given = request.properties.get(_model(request).cloudformation_name_type() or "")
    return str(given) if given else request.generated_name()
