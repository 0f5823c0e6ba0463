"""One stack: its resources, and its events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from moto.cloudformation.models import Event, Stack
from moto.cloudformation.parsing import Export
from moto.core.utils import utcnow

from rehearsal.cloud.cloudformation.template import Resolver
from rehearsal.cloud.core.scope import Scope


@dataclass(slots=True)
class Deployed:
    """A resource of a stack; definition is as in the template, resolved has its values."""

    logical_id: str
    definition: Mapping[str, Any]
    resolved: Mapping[str, Any]
    resource: Any
    status: str
    reason: str | None
    changed_at: datetime
    # made by an update that could not change the resource in place
    replaces: bool = False

    @property
    def type(self) -> str:
        return str(self.definition["Type"])

    @property
    def physical_id(self) -> str:
        return str(getattr(self.resource, "physical_resource_id", None) or getattr(self.resource, "id", None) or "")

    # The names moto's answers look for.
    logical_resource_id = property(lambda self: self.logical_id)
    physical_resource_id = property(lambda self: self.physical_id)
    cf_resource_type = property(lambda self: self.type)


class DeployedStack(Stack):
    """A stack as moto's answers read it. A Deployment deploys it, not moto."""

    def __init__(  # super() would deploy: this one is deployed by a Deployment.
        self,
        *,
        stack_id: str,
        name: str,
        scope: Scope,
        tags: Mapping[str, str],
        role_arn: str | None,
        notification_arns: list[str] | None,
        enable_termination_protection: bool,
    ) -> None:
        self.stack_id = stack_id
        self.name = name
        self.account_id = scope.account
        self.region_name = scope.region
        self.tags = dict(tags)
        self.role_arn = role_arn
        self.notification_arns = notification_arns or []
        self.enable_termination_protection = enable_termination_protection
        self.timeout_in_minutes = None
        self.disable_rollback = False
        self.policy = ""
        self.events: list[Event] = []
        self.creation_time = utcnow()
        self.status = "REVIEW_IN_PROGRESS"
        self.status_reason: str | None = None
        self.template: Any = ""
        self.template_dict: dict[str, Any] = {}
        self.description: str | None = None
        self.parameters: dict[str, str] = {}
        self.resolver: Resolver | None = None
        self.deployed: dict[str, Deployed] = {}
        self.resolved_outputs: dict[str, dict[str, Any]] = {}

    # ListStacks asks for these, DescribeStacks for name and status.
    stack_name = property(lambda self: self.name)
    stack_status = property(lambda self: self.status)

    @property
    def parameter_list(self) -> list[dict[str, Any]]:
        hidden = getattr(self.resolver, "no_echo_parameter_keys", [])
        return [
            {"ParameterKey": key, "ParameterValue": "****" if key in hidden else value}
            for key, value in self.parameters.items()
        ]

    @property
    def stack_parameters(self) -> dict[str, str]:
        """What a change set with UsePreviousValue takes, as a second `cdk bootstrap` does."""
        return self.parameters

    @property
    def stack_resources(self) -> list[Any]:
        return list(self.deployed.values())

    @property
    def outputs(self) -> list[dict[str, Any]] | None:
        return [
            {
                "OutputKey": key,
                "OutputValue": output["Value"],
                "Description": output.get("Description"),
                "ExportName": output.get("Export", {}).get("Name"),
            }
            for key, output in self.resolved_outputs.items()
        ] or None

    @property
    def exports(self) -> list[Export]:
        return [
            Export(self.stack_id, output["Export"]["Name"], output["Value"])
            for output in self.resolved_outputs.values()
            if "Export" in output
        ]

    def record(self, status: str, reason: str | None = None) -> None:
        self.status = status
        self.status_reason = reason
        self._happened(self.name, self.stack_id, "AWS::CloudFormation::Stack", status, reason)

    def record_resource(self, deployed: Deployed, status: str, reason: str | None = None) -> None:
        deployed.status, deployed.reason, deployed.changed_at = status, reason, utcnow()
        self._happened(deployed.logical_id, deployed.physical_id, deployed.type, status, reason)

    def _happened(self, logical_id: str, physical_id: str, kind: str, status: str, reason: str | None) -> None:
        event = Event(self.stack_id, self.name, logical_id, physical_id, kind, status, reason, None)
        # The CLI sorts by time.
        if self.events:
            event.timestamp = max(event.timestamp, self.events[-1].timestamp + timedelta(milliseconds=1))
        event.sendToSns(self.account_id, self.region_name, self.notification_arns)
        self.events.append(event)
