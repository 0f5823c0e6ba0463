"""Which repair comes next, if any: from the smallest to the largest, and only as far as the evidence goes. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lambdas.aws.hosts import Hosts
from lambdas.judge.causes import Cause, RepairStep
from lambdas.judge.diagnosis import Diagnosis
from lambdas.judge.incident import FAILURES_IN_A_ROW, Repair
from lambdas.judge.memory import HealthMemory
from lambdas.see.facts import read_lines
from lambdas.see.run_command import Delivery, Output, Reply

BETWEEN_REPLACEMENTS = timedelta(hours=6)
# From launch to serving, a slow package mirror and a retried challenge included.
LONGEST_START = timedelta(minutes=30)
VERBS = {RepairStep.SERVICE: "repair-service", RepairStep.ENGINE: "repair-engine"}


def next_step(failing: HealthMemory, diagnosis: Diagnosis, now: datetime) -> RepairStep | None:
    """``failing`` counts this run's failure already. Each step is made once in an incident."""
    incident, cause = failing.incident, diagnosis.cause
    if cause is None or incident.failures < FAILURES_IN_A_ROW:
        return None
    made = {repair.step for repair in incident.repairs if repair.was_done}
    step = next((step for step in cause.repairs if step not in made), None)
    if step is None or (interrupts(cause, step) and step not in diagnosis.evidence.may_interrupt):
        return None
    if step == RepairStep.INSTANCE and not _may_replace(failing, cause, now):
        return None
    return step


def interrupts(cause: Cause, step: RepairStep) -> bool:
    """A first step may be one that leaves alone what serves (:attr:`Cause.repair_interrupts`)."""
    return cause.repair_interrupts or step != cause.repairs[0] or step == RepairStep.INSTANCE


def _may_replace(failing: HealthMemory, cause: Cause, now: datetime) -> bool:
    """A cause that survived a replacement would survive the next."""
    replaced = failing.replaced_at
    recently = replaced is not None and now - replaced < BETWEEN_REPLACEMENTS
    return not recently and not failing.survived_replacement(cause.id)


def replaceable(hosts: Hosts, failing: HealthMemory, now: datetime) -> str | None:
    """The one host in service, unless a host may still be starting or is on its way out."""
    if len(hosts.in_service) != 1 or hosts.changing:
        return None
    (host,) = hosts.in_service
    return host if host == failing.served_by or now - failing.incident.since >= LONGEST_START else None


@dataclass(frozen=True, slots=True)
class RepairPlan:
    step: RepairStep
    interrupts: bool
    host: str = ""
    """The host to replace; for smaller steps, every host repairs itself."""


def plan_repair(
    failing: HealthMemory, diagnosis: Diagnosis, now: datetime, find: Callable[[], Hosts | None]
) -> RepairPlan | None:
    """``find`` is called only if a host might be replaced."""
    step = next_step(failing, diagnosis, now)
    if step is None or diagnosis.cause is None:
        return None
    if step != RepairStep.INSTANCE:
        return RepairPlan(step, interrupts(diagnosis.cause, step))
    hosts = find()
    host = replaceable(hosts, failing, now) if hosts else None
    return RepairPlan(step, interrupts=True, host=host) if host else None


def entering(failing: HealthMemory, plan: RepairPlan, now: datetime) -> HealthMemory:
    """A repair is remembered before it is made: a run that dies in it does not make it twice."""
    incident = failing.incident.with_repair(Repair(plan.step, now))
    if not plan.host:
        return replace(failing, incident=incident)
    return replace(
        failing, incident=incident, replaced_at=now, replaced_for=incident.cause_id, replacement_helped=False
    )


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
