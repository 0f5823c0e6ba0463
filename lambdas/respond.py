"""What the health check does about a diagnosis: repair, send the mail, start a renewal."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from lambdas.aws.clients import Aws
from lambdas.aws.errors import Attempts
from lambdas.aws.hosts import Hosts, find_hosts, replace_host
from lambdas.aws.state_store import AnotherRunError, Stored
from lambdas.aws.telemetry import LOGGER
from lambdas.aws.topic import publish
from lambdas.environment import HealthEnvironment
from lambdas.judge.diagnosis import Diagnosis
from lambdas.judge.incident import NOT_DONE, Change, Repair
from lambdas.judge.memory import HealthMemory
from lambdas.judge.renewal import early_renewal_is_due
from lambdas.judge.repair import VERBS, RepairPlan, entering, plan_repair, read_repair
from lambdas.judge.sight import Sight
from lambdas.see.run_command import Ring
from lambdas.tell.alert import write_alert

# The verb's own limit is 50 s for what can be repaired.
REPAIR_SECONDS = 75
# As long as the function may run: a run that still holds its lease after that has died.
LEASE = timedelta(minutes=4)


class Responder:
    def __init__(
        self,
        environment: HealthEnvironment,
        aws: Aws,
        ring: Ring,
        attempts: Attempts,
        is_served_again: Callable[[str], bool],
    ) -> None:
        """``is_served_again`` asks once more as a client, for the manifest that it is given."""
        self._environment = environment
        self._aws = aws
        self._ring = ring
        self._attempts = attempts
        self._is_served_again = is_served_again

    def respond(self, stored: Stored[HealthMemory], change: Change, sight: Sight, diagnosis: Diagnosis) -> HealthMemory:
        """Returns what the job remembers now. If another run acts, nothing is done and nothing changes."""
        now = sight.now
        before = stored.memory.having_seen(sight.facts.pulled, now)
        failing = replace(before, incident=change.incident)
        repairs = self._environment.repairs
        plan = plan_repair(failing, diagnosis, now, self._find_hosts) if repairs else None
        if plan and plan.interrupts and self._is_served_again(before.canary):
            failing = replace(failing, incident=failing.incident.with_repair(Repair(plan.step, now, NOT_DONE)))
            plan = None
        renews = early_renewal_is_due(sight.outside.served, before.renewal_at, now)
        served_by = sight.facts.instance_id if diagnosis.cause is None else None

        def act(claimed: HealthMemory) -> HealthMemory:
            incident = claimed.incident
            if plan:
                incident = incident.with_outcome(self._carry_out(plan))
            if change.mail:
                told, host = replace(change, incident=incident), sight.facts.instance_id or before.served_by
                registry, checks = self._environment.registry, diagnosis.checks
                survived = claimed.replaced_at if claimed.survived_replacement(incident.cause_id) else None
                message = write_alert(told, registry, checks, host=host, now=now, survived=survived)
                publish(self._aws.sns, self._environment.topic_arn, message)
            if renews:
                self._start_renewal(now)
            return replace(
                claimed,
                incident=incident.after(change.mail, now),
                served_by=served_by or before.served_by,
                renewal_at=now if renews else before.renewal_at,
            )

        try:
            if plan or change.mail or renews:
                claimed = entering(failing, plan, now) if plan else failing
                return stored.act_alone(claimed, act, now=now, lease=LEASE)
            return stored.keep(act(failing), now)
        except AnotherRunError as another:
            LOGGER.warning(str(another))
            return stored.memory

    def _find_hosts(self) -> Hosts | None:
        return self._attempts.make(find_hosts, self._aws.autoscaling, self._environment.domain_name)

    def _carry_out(self, plan: RepairPlan) -> str:
        """The outcome, success or failure, as the mail reports it."""
        return self._attempts.make(self._repair, plan) or self._attempts.refusal

    def _repair(self, plan: RepairPlan) -> str:
        if plan.host:
            replace_host(self._aws.autoscaling, plan.host)
            return f"{plan.host} is being replaced"
        verb = VERBS[plan.step]
        return read_repair(self._ring(self._aws.ssm, self._environment.doorbell, verb, wait_seconds=REPAIR_SECONDS))

    def _start_renewal(self, now: datetime) -> None:
        self._aws.functions.invoke(
            FunctionName=self._environment.renewal_function,
            InvocationType="Event",
            Payload=json.dumps({"now": now.isoformat()}).encode(),
        )
