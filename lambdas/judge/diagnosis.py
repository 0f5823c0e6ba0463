"""From what was seen to one cause, with the evidence."""

from dataclasses import dataclass

from lambdas.judge.causes import CAUSES, Cause
from lambdas.judge.checks import Check, clients_fail, inside_checks, outside_checks
from lambdas.judge.explanations import explanations
from lambdas.judge.sight import Sight


@dataclass(frozen=True, slots=True)
class Diagnosis:
    cause: Cause | None
    """``None`` if all is well."""

    checks: tuple[Check, ...] = ()
    is_down: bool = False
    """Clients feel it."""


def diagnose(sight: Sight) -> Diagnosis:
    checks = (*outside_checks(sight), *inside_checks(sight))
    if all(check.ok for check in checks):
        return Diagnosis(None, checks)
    cause_id = next(cause_id for cause_id, holds in explanations(sight) if holds)
    # Only the health check needs the health user: its login says nothing about other users.
    return Diagnosis(CAUSES[cause_id], checks, clients_fail(sight) and cause_id != "health-login-refused")
