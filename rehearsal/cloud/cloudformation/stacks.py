"""The stacks of the account: created, updated and deleted in the background, one thread each."""

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlparse

from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.cloudformation.models import (
    CloudFormationBackend,
    Stack,
    cloudformation_backends,
)
from moto.cloudformation.utils import generate_changeset_id, generate_stack_id

from rehearsal.cloud.cloudformation.change_set import ChangeSetNotFoundError, PlannedChanges, is_deployed
from rehearsal.cloud.cloudformation.deployment import Deployment, Target
from rehearsal.cloud.cloudformation.resolver import Resolver
from rehearsal.cloud.cloudformation.resource_types import ResourceTypes
from rehearsal.cloud.cloudformation.signals import Desk, SignalRefusedError, StoppedError
from rehearsal.cloud.cloudformation.stack import DeployedStack
from rehearsal.cloud.cloudformation.template import TemplateError, imported_names
from rehearsal.cloud.core.values import Place
from rehearsal.cloud.s3.buckets import Buckets

NO_UPDATES = "No updates are to be performed."


class Stacks:
    def __init__(self, place: Place, world: threading.Condition, buckets: Buckets) -> None:
        self._place = place
        self._world = world
        self._buckets = buckets
        self._types = ResourceTypes(buckets)
        self._desks: dict[tuple[str, str], Desk] = {}
        self._threads: list[threading.Thread] = []
        self._stopping = False
        self.on_rest: Callable[[], None] = lambda: None

    def stop(self) -> None:
        with self._world:
            self._stopping = True
            self._world.notify_all()
        for thread in self._threads:
            thread.join(timeout=10)

    def create_stack(
        self,
        name: str,
        template: str,
        parameters: Mapping[str, str],
        notification_arns: list[str] | None = None,
        tags: Mapping[str, str] | None = None,
        role_arn: str | None = None,
        enable_termination_protection: bool | None = False,
        **_unused: Any,
    ) -> DeployedStack:
        stack = self._new_stack(name, tags, role_arn, notification_arns, bool(enable_termination_protection))
        target = self._target(stack, template, parameters)
        self._backend.stacks[stack.stack_id] = stack
        stack.status = "CREATE_IN_PROGRESS"
        self._start(stack, lambda deployment: deployment.create(target))
        return stack

    def update_stack(
        self,
        name: str,
        template: str,
        role_arn: str | None,
        parameters: list[dict[str, Any]],
        tags: Mapping[str, str] | None,
    ) -> DeployedStack:
        stack = self.named(name)
        _refuse_unless_updatable(stack)
        target = self._target(stack, template, _given(parameters, stack))
        if is_deployed(stack, target) and (tags is None or dict(tags) == stack.tags):
            raise ValidationError(message=NO_UPDATES)
        stack.role_arn = role_arn or stack.role_arn
        stack.tags = dict(tags) if tags is not None else stack.tags
        stack.status = "UPDATE_IN_PROGRESS"
        self._start(stack, lambda deployment: deployment.update(target))
        return stack

    def delete_stack(self, name_or_stack_id: str) -> None:
        """Deleting what does not exist succeeds, as it does on AWS."""
        try:
            stack = self.named(name_or_stack_id)
        except ValidationError:
            return
        if stack.enable_termination_protection:
            raise ValidationError(
                message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            )
        if stack.status == "DELETE_COMPLETE":
            return
        if stack.status.endswith("IN_PROGRESS") and stack.status != "REVIEW_IN_PROGRESS":
            raise ValidationError(
                message=f"Stack [{stack.name}] is in {stack.status} state: the rehearsal cannot delete it yet"
            )
        previous_status, stack.status = stack.status, "DELETE_IN_PROGRESS"

        def delete(deployment: Deployment) -> None:
            deployment.delete(previous_status)
            if stack.status == "DELETE_COMPLETE":
                self._backend.deleted_stacks[stack.stack_id] = self._backend.stacks.pop(stack.stack_id)

        self._start(stack, delete)

    def create_change_set(
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
            stack = self.named(stack_name)
            _refuse_unless_updatable(stack)
        else:
            stack = self._reviewed(stack_name) or self._new_stack(
                stack_name, tags, role_arn, notification_arns, False
            )
        target = self._target(stack, template, parameters)
        if stack.stack_id not in self._backend.stacks:
            self._backend.stacks[stack.stack_id] = stack
            stack.record("REVIEW_IN_PROGRESS", "User Initiated")
        stack.role_arn = role_arn or stack.role_arn
        planned = PlannedChanges(
            change_set_id=generate_changeset_id(change_set_name, self._place.region, self._place.account),
            name=change_set_name,
            kind=change_set_type,
            stack=stack,
            target=target,
            description=description,
        )
        self._backend.change_sets[planned.change_set_id] = planned
        return planned.change_set_id, stack.stack_id

    def execute_change_set(self, change_set_name: str, stack_name: str | None = None) -> None:
        planned = self.change_set(change_set_name, stack_name)
        if planned.execution_status != "AVAILABLE":
            raise ValidationError(
                message=f"ChangeSet [{planned.change_set_id}] cannot be executed in its current status"
            )
        planned.execution_status = "EXECUTE_COMPLETE"
        stack = self.named(planned.stack_id)
        if planned.change_set_type == "CREATE":
            stack.status = "CREATE_IN_PROGRESS"
            self._start(stack, lambda deployment: deployment.create(planned.target))
        else:
            stack.status = "UPDATE_IN_PROGRESS"
            self._start(stack, lambda deployment: deployment.update(planned.target))

    def delete_change_set(self, name_or_id: str, stack_name: str | None) -> None:
        """Deleting what does not exist succeeds."""
        try:
            planned = self.change_set(name_or_id, stack_name)
        except ChangeSetNotFoundError:
            return
        del self._backend.change_sets[planned.change_set_id]

    def signal(self, stack_name: str, logical_id: str, unique_id: str, status: str) -> None:
        """SignalResource; the refusals are CloudFormation's own words."""
        stack = self.named(stack_name)
        if logical_id not in stack.deployed:
            raise ValidationError(message=f"Resource {logical_id} does not exist for stack {stack.name}")
        if not stack.status.endswith("IN_PROGRESS"):
            raise ValidationError(
                message=f"Stack {stack.stack_id} is in {stack.status} state and can not be signaled"
            )
        desk = self._desks.get((stack.stack_id, logical_id))
        if desk is None:
            state = stack.deployed[logical_id].status
            raise ValidationError(
                message=f"Resource {logical_id} is in {state} state and can not be signaled"
            )
        try:
            desk.accept(unique_id, status)
        except SignalRefusedError as refused:
            raise ValidationError(message=str(refused)) from refused
        self._world.notify_all()

    @property
    def _backend(self) -> CloudFormationBackend:
        return cloudformation_backends[self._place.account][self._place.region]

    def named(self, name_or_id: str) -> DeployedStack:
        stack = self._backend.get_stack(name_or_id)
        if not isinstance(stack, DeployedStack):
            raise TypeError(f"{name_or_id} was not deployed by the rehearsal")
        return stack

    def _reviewed(self, name: str) -> DeployedStack | None:
        """The stack that so far consists of a change set."""
        return next(
            (
                stack
                for stack in self._backend.stacks.values()
                if isinstance(stack, DeployedStack)
                and stack.name == name
                and stack.status == "REVIEW_IN_PROGRESS"
            ),
            None,
        )

    def _new_stack(
        self,
        name: str,
        tags: Mapping[str, str] | None,
        role_arn: str | None,
        notification_arns: list[str] | None,
        protected: bool,
    ) -> DeployedStack:
        if any(stack.name == name for stack in self._backend.stacks.values()):
            raise AlreadyExistsException(f"Stack [{name}] already exists")
        return DeployedStack(  # type: ignore[abstract]  # as moto's own Stack is
            stack_id=generate_stack_id(name, self._place.region, self._place.account),
            name=name,
            place=self._place,
            tags=tags or {},
            role_arn=role_arn,
            notification_arns=notification_arns,
            enable_termination_protection=protected,
        )

    def _target(self, stack: DeployedStack, template: str, parameters: Mapping[str, str]) -> Target:
        parsed = Stack.parse_template(template)
        return Target(
            template=template,
            template_dict=parsed,
            parameters=dict(parameters),
            resolver=Resolver(
                stack_id=stack.stack_id,
                stack_name=stack.name,
                template=parsed,
                parameters=parameters,
                place=self._place,
                exports=self._backend.exports,
            ),
        )

    def _start(self, stack: DeployedStack, work: Callable[[Deployment], None]) -> None:
        deployment = Deployment(
            world=self._world,
            place=self._place,
            types=self._types,
            stack=stack,
            exports=self._backend.exports,
            importers=self._importers,
            desks=self._desks,
            stopping=lambda: self._stopping,
        )

        def run() -> None:
            try:
                with self._world:
                    work(deployment)
                    self.on_rest()
            except StoppedError:
                return

        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=run, name=f"cloudformation {stack.name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _importers(self, export_name: str) -> list[str]:
        """Names of the stacks that use this export."""
        return [stack.name for stack in self._backend.stacks.values() if export_name in _imports(stack)]

    def change_set(self, name_or_id: str, stack_name: str | None) -> PlannedChanges:
        for planned in self._backend.change_sets.values():
            belongs = stack_name is None or stack_name in (planned.stack_name, planned.stack_id)
            if isinstance(planned, PlannedChanges) and (
                planned.change_set_id == name_or_id or (planned.change_set_name == name_or_id and belongs)
            ):
                return planned
        raise ChangeSetNotFoundError(f"ChangeSet [{name_or_id}] does not exist")

    def read_template(self, template_url: str) -> str:
        """https://s3.REGION.amazonaws.com/BUCKET/KEY, or http://HOST/BUCKET/KEY, or https://BUCKET.s3…/KEY."""
        url = urlparse(template_url)
        host, path = url.hostname or "", url.path.lstrip("/")
        virtual = ".s3." in host or ".s3-" in host
        bucket, key = (host.split(".s3")[0], path) if virtual else path.split("/", 1)
        try:
            return self._buckets.read_object(bucket, key).decode()
        except FileNotFoundError as missing:
            raise ValidationError(
                message=f"S3 error: The specified key does not exist ({missing})"
            ) from missing


def _given(parameters: Iterable[Mapping[str, Any]], stack: DeployedStack) -> dict[str, str]:
    return {
        row["ParameterKey"]: stack.parameters[row["ParameterKey"]]
        if row.get("UsePreviousValue")
        else row["ParameterValue"]
        for row in parameters
        if not row.get("UsePreviousValue") or row["ParameterKey"] in stack.parameters
    }


def _refuse_unless_updatable(stack: DeployedStack) -> None:
    if not stack.status.endswith("_COMPLETE") or stack.status in ("ROLLBACK_COMPLETE", "DELETE_COMPLETE"):
        raise ValidationError(
            message=f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
        )


def _imports(stack: Stack) -> set[str]:
    if not isinstance(stack, DeployedStack) or stack.resolver is None:
        return set()
    names = set()
    for name in imported_names(stack.template_dict):
        try:
            names.add(str(stack.resolver.resolve(name)))
        except TemplateError:
            names.add(json.dumps(name))
    return names
