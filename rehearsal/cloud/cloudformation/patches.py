"""What CloudFormation does otherwise than moto: its API answers from the rehearsal's own stacks."""

import json
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from moto.cloudformation.models import CloudFormationBackend
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.responses import ActionResult, EmptyResult

from rehearsal.cloud.cloudformation.change_sets import ChangeSets
from rehearsal.cloud.cloudformation.stack import DeployedStack
from rehearsal.cloud.cloudformation.stacks import Stacks
from rehearsal.cloud.core.engines import Engines
from rehearsal.cloud.core.patches import Patches
from rehearsal.cloud.core.regions import Regions

IN_THE_BACKGROUND = "moto deploys inside the request; CloudFormation answers at once and goes on by itself"
OF_ITS_STACK = "a change set's name is its stack's own; moto takes the first of that name in any stack"
STATUS_OF_EACH = "moto reports the stack's status as that of every resource"


def patch(patches: Patches, regions: Regions) -> None:
    for name, ours in (
        ("create_stack", attrgetter("stacks.create")),
        ("update_stack", attrgetter("stacks.update")),
        ("delete_stack", attrgetter("stacks.delete")),
        ("create_change_set", attrgetter("change_sets.create")),
        ("execute_change_set", attrgetter("change_sets.execute")),
    ):
        patches.replace(CloudFormationBackend, because=IN_THE_BACKGROUND)(_method(name, regions, ours))

    def stacks_of(response: CloudFormationResponse) -> Stacks:
        return regions.of(response.region).stacks

    def change_sets_of(response: CloudFormationResponse) -> ChangeSets:
        return regions.of(response.region).change_sets

    @patches.replace(CloudFormationResponse, because="another S3 server may hold the template")
    def _get_stack_from_s3_url(self: CloudFormationResponse, template_url: str) -> str:
        return stacks_of(self).read_template(template_url)

    @patches.replace(
        CloudFormationResponse,
        because="moto compares parameters only when some are given; our update compares everything",
    )
    def _validate_different_update(*_: Any) -> None:
        pass

    @patches.wrap(CloudFormationResponse, because="moto knows no drift")
    def create_change_set(original: Any, self: CloudFormationResponse) -> ActionResult:
        answer: ActionResult = original(self)
        if self._get_param("DeploymentMode") == "REVERT_DRIFT":
            change_sets_of(self).revert_drift(self._get_param("ChangeSetName"), self._get_param("StackName"))
        return answer

    @patches.replace(CloudFormationResponse, because=OF_ITS_STACK)
    def describe_change_set(self: CloudFormationResponse) -> ActionResult:
        return ActionResult(change_sets_of(self).named(self._get_param("ChangeSetName"), self._get_param("StackName")))

    @patches.replace(CloudFormationResponse, because=OF_ITS_STACK)
    def delete_change_set(self: CloudFormationResponse) -> ActionResult:
        change_sets_of(self).delete(self._get_param("ChangeSetName"), self._get_param("StackName"))
        return EmptyResult()

    @patches.replace(CloudFormationResponse, because=STATUS_OF_EACH)
    def describe_stack_resources(self: CloudFormationResponse) -> ActionResult:
        rows = _rows(stacks_of(self).named(self._get_param("StackName")))
        wanted = self._get_param("LogicalResourceId")
        return ActionResult({"StackResources": [row for row in rows if wanted in (None, row["LogicalResourceId"])]})

    @patches.replace(CloudFormationResponse, because=STATUS_OF_EACH)
    def list_stack_resources(self: CloudFormationResponse) -> ActionResult:
        return ActionResult({"StackResourceSummaries": _rows(stacks_of(self).named(self._get_param("StackName")))})

    @patches.add(CloudFormationResponse, because="moto has no SignalResource")
    def signal_resource(self: CloudFormationResponse) -> ActionResult:
        stacks_of(self).signal(*map(self._get_param, ("StackName", "LogicalResourceId", "UniqueId", "Status")))
        return EmptyResult()

    @patches.add(CloudFormationResponse, because="moto has no UpdateTerminationProtection")
    def update_termination_protection(self: CloudFormationResponse) -> ActionResult:
        stack = stacks_of(self).named(self._get_param("StackName"))
        stack.enable_termination_protection = self._get_bool_param("EnableTerminationProtection", False)
        return ActionResult({"StackId": stack.stack_id})

    @patches.add(CloudTrailResponse, because="the CDK asks CloudTrail what failed in the seconds of a failed deploy")
    def lookup_events(_self: CloudTrailResponse) -> str:
        return json.dumps({"Events": []})


def _method(name: str, regions: Regions, ours: Callable[[Engines], Any]) -> Any:
    """As moto's backend of a region has it, of this name."""

    def method(self: CloudFormationBackend, *args: Any, **kwargs: Any) -> Any:
        return ours(regions.of(self.region_name))(*args, **kwargs)

    method.__name__ = name
    return method


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
