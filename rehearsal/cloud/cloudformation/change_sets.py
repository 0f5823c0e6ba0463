"""Change sets: what would change in a stack, and its execution."""

from collections.abc import Iterable, Mapping
from typing import Any

from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.cloudformation.models import Change, ChangeSet
from moto.cloudformation.utils import generate_changeset_id
from moto.core.utils import utcnow

from rehearsal.cloud.cloudformation.deployment import Target
from rehearsal.cloud.cloudformation.stack import DeployedStack
from rehearsal.cloud.cloudformation.stacks import Stacks, refuse_unless_updatable

# Text of a real FAILED change set; the CDK CLI recognises it.
NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


class ChangeSetNotFoundError(CloudFormationError):
    code = "ChangeSetNotFound"


class PlannedChanges(ChangeSet):
    """A change set as moto's answers read it."""

    def __init__(  # super() would ask moto's own resource map
        self, *, change_set_id: str, name: str, kind: str, stack: DeployedStack, target: Target, description: str
    ) -> None:
        self.change_set_id = change_set_id
        self.change_set_name = name
        self.change_set_type = kind
        self.stack: DeployedStack = stack
        self.stack_id = stack.stack_id
        self.stack_name = stack.name
        self.notification_arns: list[str] = []
        self.description = description
        self.tags = stack.tags
        self.role_arn = stack.role_arn
        self.parameters = dict(target.parameters)
        self.creation_time = utcnow()
        self.target = target
        self.drifted: frozenset[str] = frozenset()
        self.changes = list(_changes(stack, target))
        self._settle(unchanged=kind == "UPDATE" and target.is_deployed(stack))

    def revert(self, drifted: frozenset[str]) -> None:
        """From now on these resources are among the changes. It has no changes without them, so it may be available
        now."""
        self.drifted = drifted
        changed = {change.logical_resource_id for change in self.changes}
        kinds = {name: deployed.type for name, deployed in self.stack.deployed.items()}
        self.changes += [Change("Modify", name, kinds[name]) for name in sorted(drifted - changed)]
        self._settle(unchanged=self.status == "FAILED" and not drifted)

    def _settle(self, *, unchanged: bool) -> None:
        self.status = "FAILED" if unchanged else "CREATE_COMPLETE"
        self.execution_status = "UNAVAILABLE" if unchanged else "AVAILABLE"
        self.status_reason = NO_CHANGES if unchanged else None


class ChangeSets:
    def __init__(self, stacks: Stacks) -> None:
        self._stacks = stacks

    def create(
        self,
        stack_name: str,
        change_set_name: str,
        template: str,
        parameters: Mapping[str, str],
        description: str,
        change_set_type: str,
        notification_arns: list[str] | None = None,
        tags: Mapping[str, str] | None = None,
        role_arn: str | None = None,
    ) -> tuple[str, str]:
        if change_set_type == "UPDATE":
            stack = self._stacks.named(stack_name)
            refuse_unless_updatable(stack)
        else:
            consisting_of_change_sets = (
                stack
                for stack in self._stacks.backend.stacks.values()
                if isinstance(stack, DeployedStack) and (stack.name, stack.status) == (stack_name, "REVIEW_IN_PROGRESS")
            )
            stack = next(consisting_of_change_sets, None) or self._stacks.new_stack(
                stack_name, tags, role_arn, notification_arns, False
            )
        target = self._stacks.target(stack, template, parameters)
        if stack.stack_id not in self._stacks.backend.stacks:
            self._stacks.backend.stacks[stack.stack_id] = stack
            stack.record("REVIEW_IN_PROGRESS", "User Initiated")
        stack.role_arn = role_arn or stack.role_arn
        planned = PlannedChanges(
            change_set_id=generate_changeset_id(change_set_name, stack.region_name, stack.account_id),
            name=change_set_name,
            kind=change_set_type,
            stack=stack,
            target=target,
            description=description,
        )
        self._stacks.backend.change_sets[planned.change_set_id] = planned
        return planned.change_set_id, stack.stack_id

    def revert_drift(self, change_set_name: str, stack_name: str) -> None:
        """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html"""
        planned = self.named(change_set_name, stack_name)
        planned.revert(self._stacks.drifted(planned.stack))

    def execute(self, change_set_name: str, stack_name: str | None = None) -> None:
        planned = self.named(change_set_name, stack_name)
        if planned.execution_status != "AVAILABLE":
            raise ValidationError(
                message=f"ChangeSet [{planned.change_set_id}] cannot be executed in its current status"
            )
        planned.execution_status = "EXECUTE_COMPLETE"
        stack = self._stacks.named(planned.stack_id)
        if planned.change_set_type == "CREATE":
            stack.status = "CREATE_IN_PROGRESS"
            self._stacks.start(stack, lambda deployment: deployment.create(planned.target))
        else:
            stack.status = "UPDATE_IN_PROGRESS"
            self._stacks.start(stack, lambda deployment: deployment.update(planned.target, planned.drifted))

    def delete(self, name_or_id: str, stack_name: str | None) -> None:
        """Deleting what does not exist succeeds."""
        try:
            planned = self.named(name_or_id, stack_name)
        except ChangeSetNotFoundError:
            return
        del self._stacks.backend.change_sets[planned.change_set_id]

    def named(self, name_or_id: str, stack_name: str | None) -> PlannedChanges:
        """A deleted stack takes its change sets along: the next stack of that name has none of them."""
        for planned in self._stacks.backend.change_sets.values():
            belongs = stack_name is None or stack_name in (planned.stack_name, planned.stack_id)
            if (
                isinstance(planned, PlannedChanges)
                and planned.stack.status != "DELETE_COMPLETE"
                and (planned.change_set_id == name_or_id or (planned.change_set_name == name_or_id and belongs))
            ):
                return planned
        raise ChangeSetNotFoundError(f"ChangeSet [{name_or_id}] does not exist")


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
