"""EventBridge's default bus: what Parameter Store tells it, the rules that match, and Run Command as their target.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-what-is.html
"""

import json
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events.models import Rule, events_backends
from moto.sqs.models import sqs_backends
from moto.ssm.exceptions import InvalidDocument
from moto.ssm.models import Parameter, SimpleSystemManagerBackend

from rehearsal.cloud.core.clock import Clock
from rehearsal.cloud.core.patches import Patches
from rehearsal.cloud.core.values import Place
from rehearsal.cloud.iam import asked, identity
from rehearsal.cloud.iam.gate import Gate
from rehearsal.cloud.ssm.commands import Commands

SERVICE = "events.amazonaws.com"


class UndeliveredError(Exception):
    """With the code that a dead letter names."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Events:
    def __init__(
        self, place: Place, world: threading.Condition, gate: Gate, clock: Clock, commands: Commands
    ) -> None:
        self._place = place
        self._world = world
        self._gate = gate
        self._clock = clock
        self._commands = commands

    def patch(self, patches: Patches) -> None:
        """moto tells nobody of changed parameters."""
        events = self

        def put_parameter(ssm: SimpleSystemManagerBackend, *args: Any, **kwargs: Any) -> Parameter:
            parameter: Parameter = put(ssm, *args, **kwargs)
            events._changed(parameter, "Create" if parameter.version == 1 else "Update")
            return parameter

        put: Callable[..., Parameter] = patches.replace(
            SimpleSystemManagerBackend, "put_parameter", put_parameter
        )

        def delete_parameter(ssm: SimpleSystemManagerBackend, name: str) -> None:
            known = ssm.get_parameter(name)
            delete_one(ssm, name)
            if known:
                events._changed(known, "Delete")

        delete_one = patches.replace(SimpleSystemManagerBackend, "delete_parameter", delete_parameter)

        def delete_parameters(ssm: SimpleSystemManagerBackend, names: list[str]) -> list[str]:
            known = {name: ssm.get_parameter(name) for name in names}
            deleted: list[str] = delete_many(ssm, names)
            for name in deleted:
                events._changed(known[name], "Delete")
            return deleted

        delete_many = patches.replace(SimpleSystemManagerBackend, "delete_parameters", delete_parameters)

    def _changed(self, parameter: Any, operation: str) -> None:
        # https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-systems-manager-event-examples.html
        arn = f"arn:aws:ssm:{self._place.region}:{self._place.account}:parameter/{parameter.name.lstrip('/')}"
        detail = {
            "operation": operation,
            "name": parameter.name,
            "type": parameter.parameter_type,
            "description": parameter.description or "",
        }
        self._emit("aws.ssm", "Parameter Store Change", [arn], detail)

    def _emit(self, source: str, detail_type: str, resources: list[str], detail: Mapping[str, str]) -> None:
        """Whoever caused the event does not wait for what comes of it."""
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": detail_type,
            "source": source,
            "account": self._place.account,
            "time": self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self._place.region,
            "resources": resources,
            "detail": dict(detail),
        }
        bus = events_backends[self._place.account][self._place.region].event_buses["default"]
        matching: Any = event
        for rule in bus.rules.values():
            if rule.state == "ENABLED" and rule.event_pattern.matches_event(matching):
                for target in rule.targets:
                    threading.Thread(target=self._deliver, args=(rule, target, event), daemon=True).start()

    def _deliver(self, rule: Rule, target: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """What fails here would fail again, so it is a dead letter at once, as on AWS.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
        """
        with self._world:
            try:
                self._run_command(rule, target)
            except UndeliveredError as undelivered:
                self._keep(rule, target, event, undelivered)

    def _run_command(self, rule: Rule, target: Mapping[str, Any]) -> None:
        """
        Raises:
            UndeliveredError: the command was not accepted; what becomes of it on the hosts is no matter here.
        """
        role = target["RoleArn"]
        told = {"aws:sourceaccount": (self._place.account,), "aws:sourcearn": (rule.arn,)}
        if not self._gate.trusts_service(role, SERVICE, told):
            raise UndeliveredError("FAILED_TO_ASSUME_ROLE", f"EventBridge cannot assume the role {role}")
        request = {
            "DocumentName": target["Arn"],
            "Targets": target["RunCommandParameters"]["RunCommandTargets"],
            "Parameters": json.loads(target["Input"]),
        }
        key = identity.role_session(self._place, role, "events").access_key_id
        for ask in asked.asks(self._place, "ssm", "SendCommand", request.get):
            for resource in ask.resources:
                if not self._gate.allows(
                    key, ask.action, str(resource.arn), {**ask.context, **resource.context}
                ):
                    raise UndeliveredError(
                        "NO_PERMISSIONS",
                        f"{role} is not authorized to perform: {ask.action} on {resource.arn}",
                    )
        try:
            self._commands.send(request)
        except InvalidDocument as missing:
            raise UndeliveredError("NO_RESOURCE", str(missing)) from missing
        except JsonRESTError as refused:
            raise UndeliveredError("INVALID_PARAMETER", str(refused)) from refused

    def _keep(
        self, rule: Rule, target: Mapping[str, Any], event: Mapping[str, Any], undelivered: UndeliveredError
    ) -> None:
        """In the dead-letter queue, if there is one and its policy lets EventBridge, which has no role there."""
        arn = target.get("DeadLetterConfig", {}).get("Arn", "")
        queues = sqs_backends[self._place.account][self._place.region]
        queue = queues.queues.get(arn.rsplit(":", 1)[-1])
        told = {"aws:sourceaccount": (self._place.account,), "aws:sourcearn": (rule.arn,)}
        if queue is None or not self._gate.service_may(
            SERVICE, "sqs:SendMessage", queue.policy or '{"Statement": []}', arn, told
        ):
            return
        said = {
            "RULE_ARN": rule.arn,
            "TARGET_ARN": target["Arn"],
            "ERROR_CODE": undelivered.code,
            "ERROR_MESSAGE": str(undelivered),
            "RETRY_ATTEMPTS": "0",
        }
        attributes: dict[str, Any] = {
            name: {"DataType": "String", "StringValue": value} for name, value in said.items()
        }
        queues.send_message(queue.name, json.dumps(event), message_attributes=attributes)
