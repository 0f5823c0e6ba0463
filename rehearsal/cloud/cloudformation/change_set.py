"""What a change set says before anything is changed."""

from collections.abc import Iterable, Mapping
from typing import Any

from moto.cloudformation.exceptions import CloudFormationError
from moto.cloudformation.models import Change, ChangeSet
from moto.core.utils import utcnow

from rehearsal.cloud.cloudformation.deployment import Target
from rehearsal.cloud.cloudformation.stack import DeployedStack

# Text of a real FAILED change set; the CDK CLI recognises it.
NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)


class ChangeSetNotFoundError(CloudFormationError):
    code = "ChangeSetNotFound"


class PlannedChanges(ChangeSet):
    """A change set as moto's answers read it."""

    def __init__(  # super() would ask moto's own resource map
        self,
        *,
        change_set_id: str,
        name: str,
        kind: str,
        stack: DeployedStack,
        target: Target,
        description: str,
    ) -> None:
        self.change_set_id = change_set_id
        self.change_set_name = name
        self.change_set_type = kind
        self.stack = stack
        self.stack_id = stack.stack_id
        self.stack_name = stack.name
        self.notification_arns: list[str] = []
        self.description = description
        self.tags = stack.tags
        self.role_arn = stack.role_arn
        self.parameters = dict(target.parameters)
        self.creation_time = utcnow()
        self.target = target
        self.changes = list(_changes(stack, target))
        unchanged = kind == "UPDATE" and is_deployed(stack, target)
        self.status = "FAILED" if unchanged else "CREATE_COMPLETE"
        self.execution_status = "UNAVAILABLE" if unchanged else "AVAILABLE"
        self.status_reason = NO_CHANGES if unchanged else None


def is_deployed(stack: DeployedStack, target: Target) -> bool:
    """Whether template and parameter values, those read from Parameter Store included, are what stands."""
    return (
        stack.template_dict == target.template_dict
        and stack.resolver is not None
        and stack.resolver.resolved_parameters == target.resolver.resolved_parameters
    )


def _changes(stack: DeployedStack, target: Target) -> Iterable[Change]:
    old = {name: deployed.definition for name, deployed in stack.deployed.items()}
    new = target.resolver.wanted()
    for name in {**old, **new}:
        if name not in new:
            yield Change("Remove", name, old[name]["Type"])
        elif name not in old:
            yield Change("Add", name, new[name]["Type"])
        elif old[name] != new[name]:
            yield _modification(name, old[name], new[name])


def _modification(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Change:
    """With the properties that change: `cdk diff` takes a change without any for none."""
    before, after = old.get("Properties", {}), new.get("Properties", {})
    change: Any = Change("Modify", name, new["Type"])
    change.replacement = "False"
    change.details = [
        {"Target": {"Attribute": "Properties", "Name": each, "RequiresRecreation": "Never"}}
        for each in sorted({*before, *after})
        if before.get(each) != after.get(each)
    ]
    modification: Change = change
    return modification
