"""The health check as a whole, its response included: one tick after another against a fake AWS."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lambdas.aws.state_store import recall
from lambdas.check_health import HealthCheckError, check
from lambdas.environment import HealthEnvironment
from lambdas.judge.causes import RepairStep
from lambdas.judge.incident import Incident, Repair
from lambdas.judge.memory import HealthMemory
from lambdas.respond import LEASE, REPAIR_SECONDS
from lambdas.see.http_answer import Answer
from lambdas.see.probe import (
    ANSWER_SECONDS,
    CLIENT_SECONDS,
    CONNECT_SECONDS,
    DNS_SECONDS,
    HANDSHAKE_SECONDS,
    Outside,
    Pull,
    Served,
)
from lambdas.see.run_command import DIAGNOSIS_SECONDS, Delivery, Reply
from tests.support.fake_aws import ENVIRONMENT, FakeAws, refusal
from tests.support.well_registry import (
    CANARY,
    FINGERPRINT,
    HOST,
    MANIFEST,
    NOW,
    WELCOME,
    WELL_FACTS,
    WELL_OUTSIDE,
    answered,
)

TICK = timedelta(minutes=5)
STOPPED = replace(WELL_FACTS, registry="exited", catalog=0)
BAD_GATEWAY = Answer(502)
BROKEN = replace(WELL_OUTSIDE, catalog=BAD_GATEWAY, pull=Pull(BAD_GATEWAY, BAD_GATEWAY))
GONE = Outside(WELL_OUTSIDE.names, "silent", "silent")


@pytest.fixture
def aws() -> FakeAws:
    well = FakeAws()
    well.says(WELL_FACTS)
    return well


def tick(
    aws: FakeAws, number: int = 0, environment: HealthEnvironment = ENVIRONMENT, **replaced: Any
) -> dict[str, Any]:
    calls = {"ring": aws.ring, "look": aws.look, "ask_again": aws.ask_again, "record": aws.record} | replaced
    return check(NOW + number * TICK, environment, aws.clients, **calls)


def memory(aws: FakeAws) -> HealthMemory:
    return recall(aws.clients.s3, ENVIRONMENT.health_object, HealthMemory, NOW).memory


def stop_registry(aws: FakeAws) -> None:
    aws.outside = BROKEN
    aws.says(STOPPED)


def test_a_well_registry_is_checked_at_every_tick_without_a_mail(aws: FakeAws) -> None:
    for number in range(200):
        tick(aws, number)
    assert aws.subjects == []
    assert aws.verbs == ["diagnose"] * 200
    # The memory is written only when it has changed.
    assert aws.s3.writes == 1


def test_a_stopped_registry_is_told_repaired_and_resolved(aws: FakeAws) -> None:
    tick(aws)
    stop_registry(aws)
    tick(aws, 1)
    tick(aws, 2)
    assert aws.verbs[-1] == "repair-service"
    aws.outside = WELL_OUTSIDE
    aws.says(WELL_FACTS)
    tick(aws, 3)
    tick(aws, 4)
    assert aws.subjects == [
        "[registry.example.com] DOWN: The registry container is stopped",
        "[registry.example.com] RESOLVED: The registry container is stopped",
    ]
    for _, body in aws.sns.mails:
        assert "Repair 2026-12-01 03:27 UTC: service, repaired registry" in body


def test_each_tick_makes_one_repair_and_the_last_is_one_replacement(aws: FakeAws) -> None:
    tick(aws)
    stop_registry(aws)
    for number in range(1, 60):
        tick(aws, number)
    assert [verb for verb in aws.verbs if verb != "diagnose"] == ["repair-service", "repair-engine"]
    assert aws.autoscaling.unhealthy == [HOST]
    assert len(aws.subjects) == 1


def test_a_host_that_hangs_is_replaced_with_the_mail(aws: FakeAws) -> None:
    tick(aws)
    aws.outside = GONE
    aws.replies["diagnose"] = Reply(Delivery.TIMED_OUT)
    tick(aws, 1)
    tick(aws, 2)
    assert aws.autoscaling.unhealthy == [HOST]
    ((subject, body),) = aws.sns.mails
    assert subject == "[registry.example.com] DOWN: The host hangs or is gone"
    assert f"instance, {HOST} is being replaced" in body


def test_a_host_that_is_still_starting_is_not_replaced(aws: FakeAws) -> None:
    tick(aws)
    aws.autoscaling.hosts = {"i-new": "InService"}
    aws.outside = GONE
    aws.replies["diagnose"] = Reply(Delivery.NO_HOST)
    for number in range(1, 7):
        tick(aws, number)
    assert aws.autoscaling.unhealthy == []
    assert len(aws.subjects) == 1


@pytest.mark.parametrize(("asked", "ticks_to_mail"), [(HOST, 2), ("i-new", 4)])
def test_a_silent_agent_of_a_new_host_is_told_later(aws: FakeAws, asked: str, ticks_to_mail: int) -> None:
    tick(aws)
    aws.replies["diagnose"] = Reply(Delivery.UNDELIVERED, asked=(asked,))
    for number in range(1, ticks_to_mail):
        assert tick(aws, number)["cause"] == "ssm-offline"
    assert aws.subjects == []
    tick(aws, ticks_to_mail)
    assert aws.subjects == ["[registry.example.com] AT RISK: The SSM agent is offline"]


def test_repair_can_be_switched_off(aws: FakeAws) -> None:
    tick(aws)
    stop_registry(aws)
    for number in range(1, 9):
        tick(aws, number, replace(ENVIRONMENT, repair_enabled="false"))
    assert set(aws.verbs) == {"diagnose"}
    assert aws.autoscaling.unhealthy == []
    assert len(aws.subjects) == 1


def test_a_client_that_is_served_again_stops_the_repair(aws: FakeAws) -> None:
    tick(aws)
    stop_registry(aws)
    aws.says(replace(STOPPED, registry="restarting"))
    aws.again = Pull(WELCOME, MANIFEST)
    for number in range(1, 6):
        tick(aws, number)
    assert set(aws.verbs) == {"diagnose"}
    assert "service, not done: a client was served again" in aws.sns.mails[0][1]
    assert len(memory(aws).incident.repairs) == 1
    aws.again = None
    tick(aws, 6)
    assert aws.verbs[-1] == "repair-service"


def test_a_step_that_interrupts_nobody_asks_no_client(aws: FakeAws) -> None:
    aws.says(replace(WELL_FACTS, disk_used_percent=99))
    tick(aws)
    tick(aws, 1)
    assert aws.verbs[-1] == "repair-service"
    assert aws.asked_again == 0


def test_the_manifest_that_a_client_was_served_last_is_asked_for(aws: FakeAws) -> None:
    asked: list[object] = []

    def look(*arguments: object) -> Outside:
        asked.append(arguments[2])
        return aws.outside

    tick(aws, look=look)
    aws.says(replace(WELL_FACTS, pulled=None))
    tick(aws, 1, look=look)
    tick(aws, 2, look=look)
    assert asked == ["", CANARY, CANARY]


@pytest.mark.parametrize("delivery", [Delivery.THROTTLED, Delivery.UNDELIVERED])
def test_refused_clients_alone_are_no_reason_to_interrupt(aws: FakeAws, delivery: Delivery) -> None:
    aws.outside = BROKEN
    aws.replies["diagnose"] = Reply(delivery)
    for number in range(9):
        tick(aws, number)
    assert set(aws.verbs) == {"diagnose"}
    assert aws.autoscaling.unhealthy == []


def test_a_host_that_finds_itself_well_is_left_alone(aws: FakeAws) -> None:
    aws.outside = BROKEN
    for number in range(9):
        tick(aws, number)
    assert set(aws.verbs) == {"diagnose"}
    assert aws.autoscaling.unhealthy == []
    assert len(aws.subjects) == 1


def hang(aws: FakeAws) -> None:
    aws.outside = GONE
    aws.replies["diagnose"] = Reply(Delivery.TIMED_OUT)


def recover(aws: FakeAws, host: str) -> None:
    aws.outside = WELL_OUTSIDE
    aws.autoscaling.hosts = {host: "InService"}
    aws.says(replace(WELL_FACTS, instance_id=host))


def run(aws: FakeAws, first: int, hours: float) -> int:
    """Tick by tick for so many hours. Returns the number of the next tick."""
    last = first + round(timedelta(hours=hours) / TICK)
    for number in range(first, last):
        tick(aws, number)
    return last


def test_a_cause_that_survived_a_replacement_is_not_answered_by_a_second(aws: FakeAws) -> None:
    tick(aws)
    hang(aws)
    number = run(aws, 1, 1)
    assert aws.autoscaling.unhealthy == [HOST]
    # One good look between two bad ones is no cure.
    recover(aws, "i-second")
    number = run(aws, number, 0.1)
    hang(aws)
    run(aws, number, 30)
    assert aws.autoscaling.unhealthy == [HOST]
    _, body = aws.sns.mails[-1]
    assert "The host was replaced for this cause on 2026-12-01 03:27 UTC, and that did not help" in body


def test_a_replacement_that_helped_may_be_followed_by_another(aws: FakeAws) -> None:
    tick(aws)
    hang(aws)
    number = run(aws, 1, 1)
    recover(aws, "i-second")
    number = run(aws, number, 2)
    assert memory(aws).replacement_helped
    hang(aws)
    number = run(aws, number, 2)
    # The six hours are not over.
    assert aws.autoscaling.unhealthy == [HOST]
    run(aws, number, 3)
    assert aws.autoscaling.unhealthy == [HOST, "i-second"]
    assert "did not help" not in aws.sns.mails[-1][1]


def test_a_failed_repair_is_in_the_mail(aws: FakeAws) -> None:
    stop_registry(aws)
    aws.replies["repair-service"] = answered("", succeeded=False, stderr="no such image\nhttps://evil.example")
    tick(aws)
    tick(aws, 1)
    assert "service, repaired nothing, but no such image https[:]//evil[.]example" in aws.sns.mails[0][1]


def test_a_mail_that_cannot_be_sent_is_sent_by_a_later_run(aws: FakeAws) -> None:
    stop_registry(aws)
    tick(aws)
    aws.sns.works = False
    with pytest.raises(Exception, match="InternalError"):
        tick(aws, 1)
    aws.sns.works = True
    tick(aws, 2)
    assert len(aws.subjects) == 1
    assert [verb for verb in aws.verbs if verb != "diagnose"] == ["repair-service", "repair-engine"]


def test_of_two_runs_at_once_one_tells(aws: FakeAws) -> None:
    stop_registry(aws)
    tick(aws)

    def look(*_arguments: object) -> Outside:
        """Another run does the same while this one looks."""
        tick(aws, 1)
        return aws.outside

    tick(aws, 1, look=look)
    assert len(aws.subjects) == 1
    assert aws.verbs == ["diagnose", "diagnose", "repair-service", "diagnose"]


def test_while_one_run_repairs_another_neither_tells_nor_repairs(aws: FakeAws) -> None:
    stop_registry(aws)
    tick(aws)

    def ring(ssm: object, doorbell: object, verb: str, *, wait_seconds: float) -> Reply:
        if verb == "repair-service" and "repair-service" not in aws.verbs:
            aws.verbs.append(verb)
            tick(aws, 1)
        return aws.ring(ssm, doorbell, verb, wait_seconds=wait_seconds)

    tick(aws, 1, ring=ring)
    assert len(aws.subjects) == 1
    assert "repair-engine" not in aws.verbs


def test_an_unreadable_memory_begins_anew(aws: FakeAws) -> None:
    aws.s3.objects[ENVIRONMENT.health_object.key] = ('"x"', b"\xff\x00 garbage")
    tick(aws)
    assert memory(aws).started_at == NOW


def test_replacement_host_and_renewal_are_remembered_beyond_an_incident(aws: FakeAws) -> None:
    ill = Incident(NOW, 3, "host-gone", told_at=NOW, told_cause_id="host-gone")
    before = HealthMemory(NOW, ill.with_repair(Repair(RepairStep.INSTANCE, NOW)), None, NOW, HOST, NOW)
    before = replace(before, replaced_for="host-gone", canary=CANARY)
    aws.s3.objects[ENVIRONMENT.health_object.key] = ('"x"', before.to_json().encode())
    tick(aws, 1)
    assert memory(aws) == replace(before, incident=Incident(since=NOW + TICK))


def test_a_certificate_in_its_last_third_starts_a_renewal_once_a_day(aws: FakeAws) -> None:
    aws.outside = replace(WELL_OUTSIDE, served=Served("ok", FINGERPRINT, NOW - timedelta(61), NOW + timedelta(29)))
    for number in range(0, 2 * 288, 12):
        tick(aws, number)
    assert aws.functions.started == ["renew", "renew"]
    assert aws.subjects == []


def test_an_unreadable_password_is_a_cause_of_its_own(aws: FakeAws) -> None:
    aws.ssm.password = None
    aws.outside = replace(WELL_OUTSIDE, catalog=None, pull=None)
    tick(aws)
    tick(aws, 1)
    assert aws.subjects == ["[registry.example.com] AT RISK: The health user cannot log in"]


def test_a_refused_diagnosis_fails_the_run_after_the_mail(aws: FakeAws) -> None:
    aws.outside = BROKEN
    aws.replies["diagnose"] = refusal("AccessDeniedException")
    for number in range(2):
        with pytest.raises(HealthCheckError, match="AccessDeniedException"):
            tick(aws, number)
    assert aws.subjects == ["[registry.example.com] DOWN: No known cause explains the failing checks"]


def test_a_well_registry_is_measured(aws: FakeAws) -> None:
    tick(aws)
    tick(aws, 12)
    assert aws.measures == {
        "Healthy": 1,
        "HoursWell": 1,
        "ProbeMilliseconds": 120,
        "CertificateDaysLeft": pytest.approx(60 - 1 / 24),
        "CertificateLifeLeft": pytest.approx((60 - 1 / 24) / 90 * 100),
        "DiskUsed": 20,
        "MemoryAvailable": 60,
        "AlertReceivers": 1,
        "DaysSinceRenewalRun": pytest.approx(1 / 24),
    }


def test_a_registry_that_is_down_is_measured_as_far_as_possible(aws: FakeAws) -> None:
    aws.outside = GONE
    aws.replies["diagnose"] = Reply(Delivery.NO_HOST)
    aws.sns.confirmed = "0"
    tick(aws)
    assert aws.measures == {
        "Healthy": 0,
        "HoursWell": 0,
        "ProbeMilliseconds": 0,
        "AlertReceivers": 0,
        "DaysSinceRenewalRun": 0,
    }


def test_a_lost_race_is_no_failed_run(aws: FakeAws) -> None:
    def look(*_arguments: object) -> Outside:
        tick(aws)
        return aws.outside

    assert tick(aws, look=look)["cause"] is None


def test_a_run_in_which_everything_hangs_ends_before_its_time() -> None:
    looks = DNS_SECONDS + CONNECT_SECONDS + HANDSHAKE_SECONDS + 2 * ANSWER_SECONDS + 2 * CLIENT_SECONDS
    last_look = 2 * CLIENT_SECONDS
    aws_itself = timedelta(seconds=20)
    assert timedelta(seconds=looks + DIAGNOSIS_SECONDS + last_look + REPAIR_SECONDS) + aws_itself <= LEASE
