"""Which repair comes next, if any: from the smallest to the largest, never for a fault that a new host shares. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lambdas.aws.hosts import Hosts
from lambdas.judge.causes import RepairStep
from lambdas.judge.diagnosis import Diagnosis
from lambdas.judge.incident import FAILURES_IN_A_ROW
from lambdas.judge.memory import HealthMemory
from lambdas.see.facts import read_lines
from lambdas.see.run_command import Delivery, Output, Reply

BETWEEN_REPLACEMENTS = timedelta(hours=6)
# From launch to serving, a slow package mirror and a retried challenge included.
LONGEST_START = timedelta(minutes=30)
VERBS = {RepairStep.SERVICE: "repair-service", RepairStep.ENGINE: "repair-engine"}


def next_step(failing: HealthMemory, diagnosis: Diagnosis, now: datetime) -> RepairStep | None:
    """``failing`` counts this run's failure already. Each step is tried once in an incident."""
    incident, cause = failing.incident, diagnosis.cause
    if cause is None or incident.failures < FAILURES_IN_A_ROW:
        return None
    tried = {repair.step for repair in incident.repairs}
    step = next((step for step in cause.repairs if step not in tried), None)
    first = cause.repairs[:1] == (step,) and step != RepairStep.INSTANCE
    if not diagnosis.is_down and (cause.repair_interrupts or not first):
        return None
    replaced = failing.replaced_at
    if step == RepairStep.INSTANCE and replaced and now - replaced < BETWEEN_REPLACEMENTS:
        return None
    return step


def replaceable(hosts: Hosts, failing: HealthMemory, now: datetime) -> str | None:
    """The one host in service, unless a host may still be starting or is on its way out."""
    if len(hosts.in_service) != 1 or hosts.changing:
        return None
    (host,) = hosts.in_service
    return host if host == failing.served_by or now - failing.incident.since >= LONGEST_START else None


@dataclass(frozen=True, slots=True)
class RepairPlan:
    step: RepairStep
    host: str = ""
    """The host to replace; for smaller steps, every host repairs itself."""


def plan_repair(
    failing: HealthMemory, diagnosis: Diagnosis, now: datetime, find: Callable[[], Hosts | None]
) -> RepairPlan | None:
    """``find`` is called only if a host might be replaced."""
    step = next_step(failing, diagnosis, now)
    if step != RepairStep.INSTANCE:
        return RepairPlan(step) if step else None
    hosts = find()
    host = replaceable(hosts, failing, now) if hosts else None
    return RepairPlan(step, host) if host else None


def entering(failing: HealthMemory, plan: RepairPlan, now: datetime) -> HealthMemory:
    """A repair is remembered before it is made: a run that dies in it does not make it twice."""
    incident = failing.incident.with_repair(plan.step, now)
    return replace(failing, incident=incident, replaced_at=now if plan.host else failing.replaced_at)


def read_repair(reply: Reply) -> str:
    """What the repairing verb repaired, and what is still wrong."""
    if reply.delivery != Delivery.ANSWERED:
        return reply.delivery
    return "; ".join(map(_outcome, reply.outputs))


def _outcome(output: Output) -> str:
    lines = read_lines(output.stdout)
    repaired = f"repaired {lines.get('repaired', 'nothing')}"
    if output.succeeded:
        return repaired
    return f"{repaired}, but {lines.get('reason') or output.stderr.strip() or 'it failed'}"
