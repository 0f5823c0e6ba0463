"""Which repair comes next, and when none does."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lambdas.aws.hosts import Hosts
from lambdas.judge.causes import CAUSES, RepairStep
from lambdas.judge.diagnosis import Diagnosis
from lambdas.judge.evidence import Evidence, InsideSays, OutsideSays
from lambdas.judge.incident import Incident, Repair
from lambdas.judge.memory import HealthMemory
from lambdas.judge.repair import next_step, replaceable
from tests.support.well_registry import HOST, NOW

FAILING = HealthMemory(NOW, Incident(NOW, failures=2))


def down(
    cause_id: str, outside: OutsideSays = OutsideSays.REFUSED, inside: InsideSays = InsideSays.AGREES
) -> Diagnosis:
    return Diagnosis(CAUSES[cause_id], is_down=True, evidence=Evidence(outside, inside))


def tried(*steps: RepairStep) -> HealthMemory:
    repairs = tuple(Repair(step, NOW) for step in steps)
    return replace(FAILING, incident=replace(FAILING.incident, repairs=repairs))


@pytest.mark.parametrize(
    ("before", "step"),
    [
        ((), RepairStep.SERVICE),
        ((RepairStep.SERVICE,), RepairStep.ENGINE),
        ((RepairStep.SERVICE, RepairStep.ENGINE), RepairStep.INSTANCE),
        ((RepairStep.SERVICE, RepairStep.ENGINE, RepairStep.INSTANCE), None),
    ],
)
def test_service_then_engine_then_instance_then_nothing(
    before: tuple[RepairStep, ...], step: RepairStep | None
) -> None:
    assert next_step(tried(*before), down("registry-stopped"), NOW) == step


def test_nothing_is_repaired_before_the_second_failure() -> None:
    assert next_step(HealthMemory(NOW, Incident(NOW, failures=1)), down("registry-stopped"), NOW) is None


@pytest.mark.parametrize(
    "cause_id", ["dns-missing", "dns-elsewhere", "s3-denied", "s3-bucket-missing", "s3-unreachable"]
)
def test_a_fault_that_a_new_host_shares_is_left_alone(cause_id: str) -> None:
    assert next_step(FAILING, down(cause_id), NOW) is None


STOPPED = ("nginx-stopped", "login-check-stopped", "registry-stopped", "users-missing")


@pytest.mark.parametrize("cause_id", STOPPED)
def test_starting_what_is_stopped_waits_for_no_evidence(cause_id: str) -> None:
    # The front door answers GET /v2/ from its cache for half a minute after the container stopped.
    diagnosis = down(cause_id, OutsideSays.PARTLY, InsideSays.AGREES)
    assert next_step(FAILING, diagnosis, NOW) == RepairStep.SERVICE
    assert next_step(tried(RepairStep.SERVICE), diagnosis, NOW) is None


@pytest.mark.parametrize("cause_id", ["disk-full", "clock-wrong", "certificate-not-served"])
def test_a_repair_that_interrupts_no_client_does_not_wait(cause_id: str) -> None:
    assert next_step(FAILING, Diagnosis(CAUSES[cause_id]), NOW) == RepairStep.SERVICE


def test_nothing_interrupts_clients_that_are_served() -> None:
    assert next_step(FAILING, Diagnosis(CAUSES["memory-exhausted"]), NOW) is None
    assert next_step(tried(RepairStep.SERVICE), Diagnosis(CAUSES["disk-full"]), NOW) is None
    assert next_step(FAILING, Diagnosis(CAUSES["host-gone"]), NOW) is None


def test_a_host_is_replaced_once_in_six_hours_at_most() -> None:
    replaced = replace(FAILING, replaced_at=NOW)
    gone = down("host-gone")
    assert next_step(replaced, gone, NOW + timedelta(hours=5, minutes=59)) is None
    assert next_step(replaced, gone, NOW + timedelta(hours=6)) == RepairStep.INSTANCE


def test_a_host_that_served_is_replaced_at_once() -> None:
    assert replaceable(Hosts((HOST,)), replace(FAILING, served_by=HOST), NOW) == HOST


def test_a_host_that_never_served_may_still_be_starting() -> None:
    known = replace(FAILING, served_by="i-before")
    assert replaceable(Hosts((HOST,)), known, NOW + timedelta(minutes=29)) is None
    assert replaceable(Hosts((HOST,)), known, NOW + timedelta(minutes=30)) == HOST


@pytest.mark.parametrize("hosts", [Hosts(), Hosts((HOST, "i-2")), Hosts((HOST,), ("i-2",)), Hosts((), (HOST,))])
def test_while_the_group_is_changing_no_host_is_replaced(hosts: Hosts) -> None:
    assert replaceable(hosts, replace(FAILING, served_by=HOST), NOW + timedelta(days=1)) is None
