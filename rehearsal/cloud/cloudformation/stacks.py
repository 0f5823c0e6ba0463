"""The stacks of the account: created, updated and deleted in the background, one thread each."""

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlparse

from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.cloudformation.models import CloudFormationBackend, Stack, cloudformation_backends
from moto.cloudformation.utils import generate_stack_id

from rehearsal.cloud.cloudformation.builder import Builder
from rehearsal.cloud.cloudformation.deployment import Deployment, Exports, Target
from rehearsal.cloud.cloudformation.resource_type import ResourceType
from rehearsal.cloud.cloudformation.signals import Desk, SignalRefusedError, StoppedError
from rehearsal.cloud.cloudformation.stack import DeployedStack
from rehearsal.cloud.cloudformation.template import Resolver
from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.s3.buckets import Buckets

NO_UPDATES = "No updates are to be performed."


class Stacks:
    def __init__(
        self, scope: Scope, world: threading.Condition, buckets: Buckets, type_named: Callable[[str], ResourceType]
    ) -> None:
        """``on_rest`` is called whenever a stack comes to rest."""
        self._scope = scope
        self._world = world
        self._buckets = buckets
        self._type_named = type_named
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

    def create(
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
        stack = self.new_stack(name, tags, role_arn, notification_arns, bool(enable_termination_protection))
        target = self.target(stack, template, parameters)
        self.backend.stacks[stack.stack_id] = stack
        stack.status = "CREATE_IN_PROGRESS"
        self.start(stack, lambda deployment: deployment.create(target))
        return stack

    def update(
        self,
        name: str,
        template: str,
        role_arn: str | None,
        parameters: list[dict[str, Any]],
        tags: Mapping[str, str] | None,
    ) -> DeployedStack:
        stack = self.named(name)
        refuse_unless_updatable(stack)
        target = self.target(stack, template, _given(parameters, stack))
        if target.is_deployed(stack) and (tags is None or dict(tags) == stack.tags):
            raise ValidationError(message=NO_UPDATES)
        stack.role_arn = role_arn or stack.role_arn
        stack.tags = dict(tags) if tags is not None else stack.tags
        stack.status = "UPDATE_IN_PROGRESS"
        self.start(stack, lambda deployment: deployment.update(target))
        return stack

    def delete(self, name_or_stack_id: str) -> None:
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
                self.backend.deleted_stacks[stack.stack_id] = self.backend.stacks.pop(stack.stack_id)

        self.start(stack, delete)

    def signal(self, stack_name: str, logical_id: str, unique_id: str, status: str) -> None:
        """SignalResource; the refusals are CloudFormation's own words."""
        stack = self.named(stack_name)
        if logical_id not in stack.deployed:
            raise ValidationError(message=f"Resource {logical_id} does not exist for stack {stack.name}")
        if not stack.status.endswith("IN_PROGRESS"):
            raise ValidationError(message=f"Stack {stack.stack_id} is in {stack.status} state and can not be signaled")
        desk = self._desks.get((stack.stack_id, logical_id))
        if desk is None:
            state = stack.deployed[logical_id].status
            raise ValidationError(message=f"Resource {logical_id} is in {state} state and can not be signaled")
        try:
            desk.accept(unique_id, status)
        except SignalRefusedError as refused:
            raise ValidationError(message=str(refused)) from refused
        self._world.notify_all()

    @property
    def backend(self) -> CloudFormationBackend:
        return self._scope.regional(cloudformation_backends)

    def named(self, name_or_id: str) -> DeployedStack:
        stack = self.backend.get_stack(name_or_id)
        if not isinstance(stack, DeployedStack):
            raise TypeError(f"{name_or_id} was not deployed by the rehearsal")
        return stack

    def new_stack(
        self,
        name: str,
        tags: Mapping[str, str] | None,
        role_arn: str | None,
        notification_arns: list[str] | None,
        protected: bool,
    ) -> DeployedStack:
        if any(stack.name == name for stack in self.backend.stacks.values()):
            raise AlreadyExistsException(f"Stack [{name}] already exists")
        return DeployedStack(  # type: ignore[abstract]  # as moto's own Stack is
            stack_id=generate_stack_id(name, self._scope.region, self._scope.account),
            name=name,
            scope=self._scope,
            tags=tags or {},
            role_arn=role_arn,
            notification_arns=notification_arns,
            enable_termination_protection=protected,
        )

    def target(self, stack: DeployedStack, template: str, parameters: Mapping[str, str]) -> Target:
        parsed = Stack.parse_template(template)
        resolver = Resolver(stack.stack_id, stack.name, parsed, parameters, self._scope, self.backend.exports)
        return Target(template, parsed, dict(parameters), resolver)

    def start(self, stack: DeployedStack, work: Callable[[Deployment], None]) -> None:
        deployment = Deployment(stack, self._builder(stack), Exports(self.backend))

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

    def drifted(self, stack: DeployedStack) -> frozenset[str]:
        """The resources that were changed outside of CloudFormation."""
        builder = self._builder(stack)
        return frozenset(name for name, deployed in stack.deployed.items() if builder.has_drifted(deployed))

    def _builder(self, stack: DeployedStack) -> Builder:
        return Builder(
            self._world, self._scope, self._buckets, self._type_named, stack, self._desks, lambda: self._stopping
        )

    def read_template(self, template_url: str) -> str:
        """https://s3.REGION.amazonaws.com/BUCKET/KEY, or http://HOST/BUCKET/KEY, or https://BUCKET.s3…/KEY."""
        url = urlparse(template_url)
        host, path = url.hostname or "", url.path.lstrip("/")
        virtual = ".s3." in host or ".s3-" in host
        bucket, key = (host.split(".s3")[0], path) if virtual else path.split("/", 1)
        try:
            return self._buckets.read_object(bucket, key).decode()
        except FileNotFoundError as missing:
            raise ValidationError(message=f"S3 error: The specified key does not exist ({missing})") from missing


def _given(parameters: Iterable[Mapping[str, Any]], stack: DeployedStack) -> dict[str, str]:
    return {
        row["ParameterKey"]: stack.parameters[row["ParameterKey"]]
        if row.get("UsePreviousValue")
        else row["ParameterValue"]
        for row in parameters
        if not row.get("UsePreviousValue") or row["ParameterKey"] in stack.parameters
    }


def refuse_unless_updatable(stack: DeployedStack) -> None:
    if not stack.status.endswith("_COMPLETE") or stack.status in ("ROLLBACK_COMPLETE", "DELETE_COMPLETE"):
        raise ValidationError(message=f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")
