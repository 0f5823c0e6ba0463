"""CloudFormation's HTTP API, answered from the rehearsal's stacks instead of moto's."""

from collections.abc import Callable
from typing import Any

from moto.cloudformation.models import CloudFormationBackend
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult

from rehearsal.cloud.cloudformation.stack import DeployedStack
from rehearsal.cloud.cloudformation.stacks import Stacks
from rehearsal.cloud.core.patches import Patches


def patch(patches: Patches, stacks: Stacks) -> None:
    _deploy_in_the_background(patches, stacks)
    _scope_change_sets(patches, stacks)
    _tell_the_status_of_each_resource(patches, stacks)
    _add_missing_actions(patches, stacks)


def _deploy_in_the_background(patches: Patches, stacks: Stacks) -> None:
    # moto deploys inside the request; CloudFormation answers at once and goes on by itself.
    for method in (
        stacks.create_stack,
        stacks.update_stack,
        stacks.delete_stack,
        stacks.create_change_set,
        stacks.execute_change_set,
    ):
        patches.replace(CloudFormationBackend, method.__name__, _unbound(method))
    patches.replace(CloudFormationResponse, "_get_stack_from_s3_url", _unbound(stacks.read_template))
    # moto compares parameters only when some are given; update_stack compares everything.
    patches.replace(CloudFormationResponse, "_validate_different_update", lambda *_: None)


def _scope_change_sets(patches: Patches, stacks: Stacks) -> None:
    # The name of a change set is its stack's own; moto takes the first of that name in any stack.
    def describe_change_set(self: CloudFormationResponse) -> ActionResult:
        return ActionResult(stacks.change_set(self._get_param("ChangeSetName"), self._get_param("StackName")))

    def delete_change_set(self: CloudFormationResponse) -> ActionResult:
        stacks.delete_change_set(self._get_param("ChangeSetName"), self._get_param("StackName"))
        return EmptyResult()

    patches.replace(CloudFormationResponse, "describe_change_set", describe_change_set)
    patches.replace(CloudFormationResponse, "delete_change_set", delete_change_set)


def _tell_the_status_of_each_resource(patches: Patches, stacks: Stacks) -> None:
    # moto reports the stack's status as that of every resource.
    def describe_stack_resources(self: CloudFormationResponse) -> ActionResult:
        rows = _rows(stacks.named(self._get_param("StackName")))
        wanted = self._get_param("LogicalResourceId")
        return ActionResult(
            {"StackResources": [row for row in rows if wanted in (None, row["LogicalResourceId"])]}
        )

    def list_stack_resources(self: CloudFormationResponse) -> ActionResult:
        return ActionResult({"StackResourceSummaries": _rows(stacks.named(self._get_param("StackName")))})

    patches.replace(CloudFormationResponse, "describe_stack_resources", describe_stack_resources)
    patches.replace(CloudFormationResponse, "list_stack_resources", list_stack_resources)


def _add_missing_actions(patches: Patches, stacks: Stacks) -> None:
    def signal_resource(self: CloudFormationResponse) -> ActionResult:
        stacks.signal(
            self._get_param("StackName"),
            self._get_param("LogicalResourceId"),
            self._get_param("UniqueId"),
            self._get_param("Status"),
        )
        return EmptyResult()

    def update_termination_protection(self: CloudFormationResponse) -> ActionResult:
        stack = stacks.named(self._get_param("StackName"))
        stack.enable_termination_protection = self._get_bool_param("EnableTerminationProtection", False)
        return ActionResult({"StackId": stack.stack_id})

    patches.add(CloudFormationResponse, "signal_resource", signal_resource)
    patches.add(CloudFormationResponse, "update_termination_protection", update_termination_protection)


def _unbound(method: Callable[..., Any]) -> Callable[..., Any]:
    return lambda _self, *args, **kwargs: method(*args, **kwargs)


def _rows(stack: DeployedStack) -> list[dict[str, Any]]:
    return [
        {
            "StackId": stack.stack_id,
            "StackName": stack.name,
            "LogicalResourceId": deployed.logical_id,
            "PhysicalResourceId": deployed.physical_id,
            "ResourceType": deployed.type,
            "ResourceStatus": deployed.status,
            "ResourceStatusReason": deployed.reason,
            "Timestamp": deployed.changed_at,
            "LastUpdatedTimestamp": deployed.changed_at,
        }
        for deployed in stack.deployed.values()
    ]
