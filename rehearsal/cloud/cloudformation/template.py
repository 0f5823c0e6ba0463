"""A CloudFormation template: the order of its resources, and the values of its intrinsic functions."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from moto.cloudformation.exceptions import ExportNotFound, ValidationError
from moto.cloudformation.parsing import Export, ResourceMap, clean_json

from rehearsal.cloud.core.scope import Scope

_SUB = re.compile(r"\$\{(?!!)([^}]+)\}")
_INTRINSIC = re.compile(r"^(Fn::\w+|Ref)$")


class TemplateError(Exception):
    pass


def references(definition: Any) -> Iterator[str]:
    """Logical ids (and parameter names) this piece of template mentions."""
    if isinstance(definition, list):
        for item in definition:
            yield from references(item)
    if not isinstance(definition, dict):
        return
    for key, value in definition.items():
        if key == "Ref" and isinstance(value, str):
            yield value
        elif key == "Fn::GetAtt":
            yield value.split(".")[0] if isinstance(value, str) else value[0]
        elif key == "Fn::Sub":
            text = value if isinstance(value, str) else value[0]
            yield from (name.split(".")[0] for name in _SUB.findall(text))
            if isinstance(value, list):
                yield from references(value[1])
        elif key == "DependsOn":
            yield from [value] if isinstance(value, str) else value
        else:
            yield from references(value)


def waits_for_signals(definition: Mapping[str, Any]) -> bool:
    rolling = definition.get("UpdatePolicy", {}).get("AutoScalingRollingUpdate", {})
    return "ResourceSignal" in definition.get("CreationPolicy", {}) or bool(rolling.get("WaitOnResourceSignals"))


def creation_order(resources: Mapping[str, Any]) -> list[str]:
    """Dependencies first; of the resources that are ready, the ones that wait for a host go last. CloudFormation makes
    everything that is ready at the same time, so nothing independent of a waiting group may have to wait for it."""
    needs = {name: set(references(definition)) & set(resources) - {name} for name, definition in resources.items()}
    order: list[str] = []
    while len(order) < len(resources):
        ready = [name for name in resources if name not in order and needs[name] <= set(order)]
        if not ready:
            circle = ", ".join(sorted(set(resources) - set(order)))
            raise TemplateError(f"Circular dependency between resources: [{circle}]")
        quick = [name for name in ready if not waits_for_signals(resources[name])]
        order += quick or ready[:1]
    return order


def unresolved(value: Any) -> str | None:
    """The first intrinsic function that is left; None when all are resolved."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if len(value) == 1 and _INTRINSIC.match(key):
                return f"{key}: {inner}"
            if found := unresolved(inner):
                return found
    if isinstance(value, list):
        return next((found for found in map(unresolved, value) if found), None)
    return None


def imported_names(value: Any) -> Iterable[Any]:
    """The argument of every Fn::ImportValue."""
    if isinstance(value, list):
        for item in value:
            yield from imported_names(item)
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "Fn::ImportValue":
                yield inner
            else:
                yield from imported_names(inner)


class Resolver(ResourceMap):
    """moto's map makes a resource when it is first asked for; this one knows only what exists."""

    def __init__(
        self,
        stack_id: str,
        stack_name: str,
        template: dict[str, Any],
        parameters: Mapping[str, str],
        scope: Scope,
        exports: dict[str, Export],
    ) -> None:
        super().__init__(
            stack_id=stack_id,
            stack_name=stack_name,
            parameters=dict(parameters),
            tags={},
            region_name=scope.region,
            account_id=scope.account,
            template=template,
            cross_stack_resources=exports,
        )
        self.load_mapping()
        self.load_parameters()
        self.load_conditions()

    def __getitem__(self, key: str) -> Any:
        return self._parsed_resources[key]

    def parse_ssm_parameter(self, value: str, value_type: str) -> str:
        try:
            return super().parse_ssm_parameter(value, value_type)
        except AttributeError as missing:
            raise ValidationError(
                message=f"Unable to fetch parameters [{value}] from parameter store for this account."
            ) from missing

    def know(self, logical_id: str, resource: Any) -> None:
        self._parsed_resources[logical_id] = resource

    def wanted(self) -> dict[str, dict[str, Any]]:
        """The resources whose condition holds."""
        return {
            name: definition
            for name, definition in self._template["Resources"].items()
            if "Condition" not in definition or self.lazy_condition_map[definition["Condition"]]
        }

    def resolve(self, value: Any) -> Any:
        try:
            resolved = _without_no_values(clean_json(_of_region(value, self._region_name), self))
        except KeyError as unknown:
            raise TemplateError(f"Unresolved resource dependencies [{unknown.args[0]}] in the template") from unknown
        except ExportNotFound as missing:
            raise TemplateError(missing.message) from missing
        except ValidationError as wrong:
            raise TemplateError(wrong.message) from wrong
        # moto logs an attribute it does not know and leaves the function in place; CloudFormation fails.
        if left := unresolved(resolved):
            raise TemplateError(f"Template error: cannot resolve {left}")
        return resolved

    def outputs(self) -> dict[str, dict[str, Any]]:
        """Output key -> {Value, Description?, Export?: {Name}}, resolved, where the condition holds."""
        return {
            key: self.resolve(definition)
            for key, definition in (self._template.get("Outputs") or {}).items()
            if "Condition" not in definition or self.lazy_condition_map[definition["Condition"]]
        }


def _of_region(value: Any, region: str) -> Any:
    """Fn::GetAZs without a region is of the stack's; moto takes us-east-1."""
    if isinstance(value, dict):
        if value == {"Fn::GetAZs": ""}:
            return {"Fn::GetAZs": region}
        return {key: _of_region(inner, region) for key, inner in value.items()}
    if isinstance(value, list):
        return [_of_region(inner, region) for inner in value]
    return value


def _without_no_values(value: Any) -> Any:
    """AWS::NoValue takes its list element away, too; moto leaves null there."""
    if isinstance(value, dict):
        return {key: _without_no_values(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_no_values(inner) for inner in value if inner is not None]
    return value
