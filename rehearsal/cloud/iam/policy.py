"""Evaluates IAM policies: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

# The condition keys of a request, in lower case: "aws:resourcetag/name" -> ("value",).
Context = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource that a request touches. Without an ARN it is unknown, and any Resource element matches."""

    arn: str | None
    context: Context = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    allowed: bool
    denied_explicitly: bool = False
    denied_by_organization: bool = False


def decide(
    documents: Iterable[str | bytes],
    action: str,
    resource: Resource,
    context: Context,
    principal_matches: Callable[[Any], bool] = lambda _principal: True,
) -> Decision:
    """Explicit deny before allow before the implicit deny."""
    known = {**context, **resource.context}
    effects = {
        statement["Effect"]
        for document in documents
        for statement in _statements(document)
        if _concerns(statement, action, resource, known) and principal_matches(statement.get("Principal"))
    }
    return Decision(allowed=effects == {"Allow"}, denied_explicitly="Deny" in effects)


@lru_cache(maxsize=512)
def _statements(document: str | bytes) -> tuple[dict[str, Any], ...]:
    found = json.loads(document)["Statement"]
    return tuple(found) if isinstance(found, list) else (found,)


def _concerns(statement: Mapping[str, Any], action: str, resource: Resource, context: Context) -> bool:
    if "NotAction" in statement:
        if _any_matches(statement["NotAction"], action, ignore_case=True):
            return False
    elif not _any_matches(statement.get("Action", []), action, ignore_case=True):
        return False
    if resource.arn is not None:
        if "NotResource" in statement:
            if _any_matches(_filled_in(statement["NotResource"], context), resource.arn):
                return False
        elif "Resource" in statement and not _any_matches(_filled_in(statement["Resource"], context), resource.arn):
            return False
    return all(
        _holds(operator, key, _listed(wanted), context)
        for operator, tests in statement.get("Condition", {}).items()
        for key, wanted in tests.items()
    )


def _any_matches(patterns: str | list[str], value: str, *, ignore_case: bool = False) -> bool:
    return any(matches(pattern, value, ignore_case=ignore_case) for pattern in _listed(patterns))


def matches(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """IAM's wildcards: * and ?, and no others."""
    if ignore_case:
        pattern, value = pattern.lower(), value.lower()
    return fnmatchcase(value, pattern.replace("[", "[[]"))


def _filled_in(patterns: str | list[str], context: Context) -> list[str]:
    """Policy variables, ${aws:username}."""
    return [
        re.sub(r"\$\{([^}]+)\}", lambda found: context.get(found[1].lower(), ("",))[0], pattern)
        for pattern in _listed(patterns)
    ]


def _listed(value: Any) -> list[str]:
    return [_text(each) for each in value] if isinstance(value, list) else [_text(value)]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, seen: wanted == seen,
    "StringEqualsIgnoreCase": lambda wanted, seen: wanted.lower() == seen.lower(),
    "StringLike": matches,
    "ArnEquals": matches,
    "ArnLike": matches,
    "Bool": lambda wanted, seen: wanted.lower() == seen.lower(),
    "NumericEquals": lambda wanted, seen: float(seen) == float(wanted),
    "NumericLessThan": lambda wanted, seen: float(seen) < float(wanted),
    "NumericLessThanEquals": lambda wanted, seen: float(seen) <= float(wanted),
    "NumericGreaterThan": lambda wanted, seen: float(seen) > float(wanted),
    "NumericGreaterThanEquals": lambda wanted, seen: float(seen) >= float(wanted),
}


def _holds(operator: str, key: str, wanted: list[str], context: Context) -> bool:
    """One condition; an unknown operator is a KeyError, never a silent yes."""
    seen = context.get(key.lower())
    if operator == "Null":
        return (seen is None) == (wanted[0] == "true")
    quantifier, _, rest = operator.rpartition(":")
    name = rest.removesuffix("IfExists")
    if seen is None:
        # Negated operators, …IfExists and ForAllValues are true of a key that is not there.
        return rest.endswith("IfExists") or quantifier == "ForAllValues" or "Not" in name
    negated = "Not" in name
    comparison = _COMPARISONS[name.replace("Not", "")]

    def one(value: str) -> bool:
        return any(comparison(each, value) for each in wanted) != negated

    return all(map(one, seen)) if quantifier == "ForAllValues" or negated else any(map(one, seen))
