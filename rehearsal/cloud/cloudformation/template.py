"""Pure questions about a CloudFormation template."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

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
    """Dependencies first; of the resources that are ready, the ones that wait for a host go last.

    CloudFormation makes everything that is ready at the same time, so nothing independent of a waiting
    group may have to wait for it.
    """
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
