"""Which repair comes next, if any: from the smallest to the largest, never for a fault a new host shares."""

from datetime import datetime, timedelta

from lambdas.aws.hosts import Hosts
from lambdas.judge.causes import RepairStep
from lambdas.judge.diagnosis import Diagnosis
from lambdas.judge.incident import FAILURES_IN_A_ROW, State
from lambdas.see.facts import read_lines
from lambdas.see.run_command import Output

BETWEEN_REPLACEMENTS = timedelta(hours=6)
# From launch to serving, a slow package mirror and a retried challenge included.
LONGEST_START = timedelta(minutes=30)
VERBS = {RepairStep.SERVICE: "repair-service", RepairStep.ENGINE: "repair-engine"}


def next_step(failing: State, diagnosis: Diagnosis, now: datetime) -> RepairStep | None:
    """``failing`` counts this run's failure already. Each step is tried once in an incident."""
    if diagnosis.cause is None or failing.failures < FAILURES_IN_A_ROW:
        return None
    tried = {repair.step for repair in failing.repairs}
    step = next((step for step in diagnosis.cause.repairs if step not in tried), None)
    first = diagnosis.cause.repairs[:1] == (step,) and step != RepairStep.INSTANCE
    if not diagnosis.is_down and (diagnosis.cause.repair_interrupts or not first):
        return None
    replaced = failing.replaced_at
    if step == RepairStep.INSTANCE and replaced and now - replaced < BETWEEN_REPLACEMENTS:
        return None
    return step


def read_repair(output: Output) -> str:
    """What a repairing verb says that it did, and what is still wrong."""
    lines = read_lines(output.stdout)
    repaired = f"repaired {lines.get('repaired', 'nothing')}"
    if output.succeeded:
        return repaired
    return f"{repaired}, but {lines.get('reason') or output.stderr.strip() or 'it failed'}"


def replaceable(hosts: Hosts, failing: State, now: datetime) -> str | None:
    """The one host in service, unless it, or another, may still be starting or is on its way out."""
    if len(hosts.in_service) != 1 or hosts.changing:
        return None
    (host,) = hosts.in_service
    return host if host == failing.served_by or now - failing.since >= LONGEST_START else None
