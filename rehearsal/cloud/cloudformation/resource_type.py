"""How CloudFormation makes, changes and removes one resource."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Protocol

from moto.cloudformation.parsing import generate_resource_name, get_model_map

from rehearsal.cloud.cloudformation.signals import SignalWait
from rehearsal.cloud.core.values import Place


@dataclass(frozen=True, slots=True)
class Request:
    """What CloudFormation asks of a resource type; the definition has no intrinsic function left."""

    stack_id: str
    stack_name: str
    logical_id: str
    definition: Mapping[str, Any]
    place: Place
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

    def generated_name(self) -> str:
        return generate_resource_name(self.type, self.stack_name, self.logical_id)


@dataclass(frozen=True, slots=True)
class Updated:
    """replaced: the old resource still exists and has to be removed once the update holds."""

    resource: Any
    replaced: bool = False


class ResourceType(Protocol):
    def create(self, request: Request) -> Any: ...

    def settle(self, request: Request, resource: Any) -> None:
        """Return when the created resource counts as created."""

    def update(self, request: Request, resource: Any, previous: Request) -> Updated: ...

    def restore(self, request: Request, resource: Any, failed: Request) -> Updated:
        """Undo an update: request is what was before."""

    def delete(self, request: Request, resource: Any) -> None: ...


class MotoType:
    """A type as moto models it, where that is true enough."""

    def __init__(self, model: Any) -> None:
        # a CloudFormationModel, which mypy takes for abstract
        self.model = model

    def create(self, request: Request) -> Any:
        return self.model.create_from_cloudformation_json(
            self._name(request),
            self._definition(request),
            request.place.account,
            request.place.region,
            LogicalId=request.logical_id,
            StackId=request.stack_id,
            ResourceType=request.type,
        )

    def settle(self, request: Request, resource: Any) -> None:
        pass

    def update(self, request: Request, resource: Any, previous: Request) -> Updated:  # noqa: ARG002
        if hasattr(self.model.update_from_cloudformation_json, "__isabstractmethod__"):
            return Updated(self.create(request), replaced=True)
        return Updated(
            self.model.update_from_cloudformation_json(
                original_resource=resource,
                new_resource_name=self._name(request),
                cloudformation_json=self._definition(request),
                account_id=request.place.account,
                region_name=request.place.region,
            )
        )

    def restore(self, request: Request, resource: Any, failed: Request) -> Updated:
        return self.update(request, resource, failed)

    def delete(self, request: Request, resource: Any) -> None:
        if callable(getattr(resource, "delete", None)):
            resource.delete(request.place.account, request.place.region)
        elif not hasattr(self.model.delete_from_cloudformation_json, "__isabstractmethod__"):
            self.model.delete_from_cloudformation_json(
                resource.physical_resource_id,
                self._definition(request),
                request.place.account,
                request.place.region,
            )
        else:
            raise NotImplementedError(f"the rehearsal's AWS cannot delete {request.type} yet")

    def _definition(self, request: Request) -> dict[str, Any]:
        return {**request.definition, "Properties": request.properties}

    def _name(self, request: Request) -> str:
        given = request.properties.get(self.model.cloudformation_name_type() or "")
        return str(given) if given else request.generated_name()


def moto_type(name: str) -> MotoType | None:
    model = get_model_map().get(name)
    return MotoType(model) if model else None


@dataclass(frozen=True, slots=True)
class Settled:
    """What a template refers to of something that moto has in a form of its own."""

    physical_resource_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)

    def get_cfn_attribute(self, name: str) -> str:
        if name not in self.attributes:
            raise NotImplementedError(f"{name} of {self.physical_resource_id}")
        return self.attributes[name]


class PlainType:
    """A type whose resources count as created at once, and are restored by an update back."""

    def create(self, request: Request) -> Any:
        raise NotImplementedError

    def settle(self, request: Request, resource: Any) -> None:
        pass

    def update(self, request: Request, resource: Any, previous: Request) -> Updated:  # noqa: ARG002
        return Updated(self.create(request), replaced=True)

    def restore(self, request: Request, resource: Any, failed: Request) -> Updated:
        return self.update(request, resource, failed)
