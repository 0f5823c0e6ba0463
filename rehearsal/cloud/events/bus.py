"""EventBridge's default bus: changes of parameters, the rules that match, and Run Command as their target.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-what-is.html
"""

import json
import threading
import uuid
from collections.abc import Mapping
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events.models import Rule, events_backends
from moto.sqs.models import sqs_backends
from moto.ssm.exceptions import InvalidDocument

from rehearsal.cloud.core.clock import Clock
from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.authority import Authority
from rehearsal.cloud.sqs import dead_letters
from rehearsal.cloud.ssm.commands import Commands
from rehearsal.cloud.ssm.resources import asks

SERVICE = "events.amazonaws.com"


class UndeliveredError(Exception):
    """``code`` is what a dead letter calls the reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Bus:
    def __init__(
        self, scope: Scope, world: threading.Condition, authority: Authority, clock: Clock, commands: Commands
    ) -> None:
        self._scope = scope
        self._world = world
        self._authority = authority
        self._clock = clock
        self._commands = commands

    def parameter_changed(self, parameter: Any, operation: str) -> None:
        """operation: Create, Update or Delete."""
        # https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-systems-manager-event-examples.html
        arn = self._scope.arn("ssm", f"parameter/{parameter.name.lstrip('/')}")
        detail = {
            "operation": operation,
            "name": parameter.name,
            "type": parameter.parameter_type,
            "description": parameter.description or "",
        }
        self._emit("aws.ssm", "Parameter Store Change", [arn], detail)

    def _emit(self, source: str, detail_type: str, resources: list[str], detail: Mapping[str, str]) -> None:
        """The request that caused the event does not wait for its targets."""
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": detail_type,
            "source": source,
            "account": self._scope.account,
            "time": self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self._scope.region,
            "resources": resources,
            "detail": dict(detail),
        }
        bus = self._scope.regional(events_backends).event_buses["default"]
        matching: Any = event
        for rule in bus.rules.values():
            if rule.state == "ENABLED" and rule.event_pattern.matches_event(matching):
                for target in rule.targets:
                    threading.Thread(target=self._deliver, args=(rule, target, event), daemon=True).start()

    def _deliver(self, rule: Rule, target: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """A second attempt would fail as well, so the event is a dead letter at once, as on AWS.
        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
        """
        with self._world:
            try:
                self._run_command(rule, target)
            except UndeliveredError as undelivered:
                self._keep(rule, target, event, undelivered)

    def _run_command(self, rule: Rule, target: Mapping[str, Any]) -> None:
        """Raises UndeliveredError: Run Command did not accept the command."""
        role = target["RoleArn"]
        told = {"aws:sourceaccount": (self._scope.account,), "aws:sourcearn": (rule.arn,)}
        if not self._authority.trusts_service(role, SERVICE, told):
            raise UndeliveredError("FAILED_TO_ASSUME_ROLE", f"EventBridge cannot assume the role {role}")
        request = {
            "DocumentName": target["Arn"],
            "Targets": target["RunCommandParameters"]["RunCommandTargets"],
            "Parameters": json.loads(target["Input"]),
        }
        if denied := self._authority.denied(role, asks(self._scope, "SendCommand", request.get)):
            action, resource = denied
            raise UndeliveredError("NO_PERMISSIONS", f"{role} is not authorized to perform: {action} on {resource.arn}")
        try:
            self._commands.send(request)
        except InvalidDocument as missing:
            raise UndeliveredError("NO_RESOURCE", str(missing)) from missing
        except JsonRESTError as refused:
            raise UndeliveredError("INVALID_PARAMETER", str(refused)) from refused

    def _keep(
        self, rule: Rule, target: Mapping[str, Any], event: Mapping[str, Any], undelivered: UndeliveredError
    ) -> None:
        """In the dead-letter queue, if there is one and its policy lets EventBridge."""
        arn = target.get("DeadLetterConfig", {}).get("Arn", "")
        queue = self._scope.regional(sqs_backends).queues.get(arn.rsplit(":", 1)[-1])
        told = {"aws:sourceaccount": (self._scope.account,), "aws:sourcearn": (rule.arn,)}
        if queue is None or not self._authority.service_may(
            SERVICE, "sqs:SendMessage", queue.policy or '{"Statement": []}', arn, told
        ):
            return
        reason = {
            "RULE_ARN": rule.arn,
            "TARGET_ARN": target["Arn"],
            "ERROR_CODE": undelivered.code,
            "ERROR_MESSAGE": str(undelivered),
            "RETRY_ATTEMPTS": "0",
        }
        dead_letters.keep(self._scope, arn, json.dumps(event), reason)
