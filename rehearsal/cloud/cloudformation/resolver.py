"""Turns a template's intrinsic functions into values, with what has been made so far."""

from collections.abc import Mapping
from typing import Any

from moto.cloudformation.exceptions import ExportNotFound, ValidationError
from moto.cloudformation.parsing import Export, ResourceMap, clean_json

from rehearsal.cloud.cloudformation.template import TemplateError, unresolved
from rehearsal.cloud.core.scope import Scope


class Resolver(ResourceMap):
    """moto's map makes a resource when it is first asked for; this one knows only what exists."""

    def __init__(
        self,
        *,
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
            resolved = _without_no_values(clean_json(value, self))
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


def _without_no_values(value: Any) -> Any:
    """AWS::NoValue takes its list element away, too; moto leaves null there."""
    if isinstance(value, dict):
        return {key: _without_no_values(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_no_values(inner) for inner in value if inner is not None]
    return value
