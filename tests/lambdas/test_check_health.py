"""The health check as a whole, tick after tick, in an account that does what it is told to."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lambdas.aws.state_store import read_state
from lambdas.check_health import HealthCheckError, check
from lambdas.environment import HealthEnvironment
from lambdas.judge.incident import State
from lambdas.see.http_answer import Answer
from lambdas.see.probe import Outside, Served
from lambdas.see.run_command import Delivery, Reply
from tests.lambdas.account import (
    ENVIRONMENT,
    FINGERPRINT,
    HOST,
    NOW,
    WELL_FACTS,
    WELL_OUTSIDE,
    Account,
    answered,
    refusal,
)

TICK = timedelta(minutes=5)
STOPPED = replace(WELL_FACTS, registry="exited", catalog=0)
BROKEN = replace(WELL_OUTSIDE, catalog=Answer(502))
GONE = Outside(WELL_OUTSIDE.names, "silent", "silent")


@pytest.fixture
def account() -> Account:
    well = Account()
    well.says(WELL_FACTS)
    return well


def tick(account: Account, number: int = 0, environment: HealthEnvironment = ENVIRONMENT) -> dict[str, Any]:
    return check(
        NOW + number * TICK,
        environment,
        account.aws,
        ring=account.ring,
        look=account.look,
        record=account.record,
    )


def state(account: Account) -> State:
    return read_state(account.aws.s3, ENVIRONMENT.health_state, NOW).state


def stop_registry(account: Account) -> None:
    account.outside = BROKEN
    account.says(STOPPED)


def test_a_well_registry_is_looked_at_from_both_sides_at_every_tick_and_nobody_hears_of_it(
    account: Account,
) -> None:
    for number in range(200):
        tick(account, number)
    assert account.subjects == []
    assert account.verbs == ["diagnose"] * 200
    # The state is written when something has changed only.
    assert account.s3.writes == 1


def test_a_stopped_registry_is_told_repaired_and_told_again_when_it_is_well(account: Account) -> None:
    tick(account)
    stop_registry(account)
    tick(account, 1)
    tick(account, 2)
    assert account.verbs[-1] == "repair-service"
    account.outside = WELL_OUTSIDE
    account.says(WELL_FACTS)
    tick(account, 3)
    tick(account, 4)
    assert account.subjects == [
        "[registry.example.com] DOWN: The registry container is stopped",
        "[registry.example.com] RESOLVED: The registry container is stopped",
    ]
    for _, body in account.sns.mails:
        assert "Repair 2026-12-01 03:27 UTC: service, repaired registry" in body


def test_repairs_go_one_step_a_tick_and_end_with_one_replacement(account: Account) -> None:
    tick(account)
    stop_registry(account)
    for number in range(1, 60):
        tick(account, number)
    assert [verb for verb in account.verbs if verb != "diagnose"] == ["repair-service", "repair-engine"]
    assert account.autoscaling.unhealthy == [HOST]
    assert len(account.subjects) == 1


def test_a_host_that_hangs_is_replaced_with_the_mail(account: Account) -> None:
    tick(account)
    account.outside = GONE
    account.replies["diagnose"] = Reply(Delivery.TIMED_OUT)
    tick(account, 1)
    tick(account, 2)
    assert account.autoscaling.unhealthy == [HOST]
    ((subject, body),) = account.sns.mails
    assert subject == "[registry.example.com] DOWN: The host hangs or is gone"
    assert f"instance, {HOST} is being replaced" in body


def test_a_host_that_is_still_starting_is_not_replaced(account: Account) -> None:
    tick(account)
    account.autoscaling.hosts = {"i-new": "InService"}
    account.outside = GONE
    account.replies["diagnose"] = Reply(Delivery.NO_HOST)
    for number in range(1, 7):
        tick(account, number)
    assert account.autoscaling.unhealthy == []
    assert len(account.subjects) == 1


def test_repair_can_be_switched_off(account: Account) -> None:
    tick(account)
    stop_registry(account)
    for number in range(1, 9):
        tick(account, number, replace(ENVIRONMENT, repair_enabled="false"))
    assert set(account.verbs) == {"diagnose"}
    assert account.autoscaling.unhealthy == []
    assert len(account.subjects) == 1


def test_a_repair_that_fails_says_so_in_the_mail(account: Account) -> None:
    stop_registry(account)
    account.replies["repair-service"] = answered(
        "", succeeded=False, stderr="no such image\nhttps://evil.example"
    )
    tick(account)
    tick(account, 1)
    assert "service, repaired nothing, but no such image https[:]//evil[.]example" in account.sns.mails[0][1]


def test_a_mail_that_cannot_be_sent_fails_the_run_and_is_sent_by_a_later_one(account: Account) -> None:
    stop_registry(account)
    tick(account)
    account.sns.works = False
    with pytest.raises(Exception, match="InternalError"):
        tick(account, 1)
    account.sns.works = True
    tick(account, 2)
    assert len(account.subjects) == 1
    assert [verb for verb in account.verbs if verb != "diagnose"] == ["repair-service", "repair-engine"]


def test_of_two_runs_at_once_one_tells(account: Account) -> None:
    stop_registry(account)
    tick(account)

    class Racing(Account):
        """Another run does the same while this one looks."""

        def look(self, *_arguments: object) -> Outside:
            tick(account, 1)
            return account.outside

    racing = Racing(account.s3, account.sns, account.ssm, replies=account.replies)
    tick(racing, 1)
    assert len(account.subjects) == 1
    assert racing.verbs == ["diagnose"]


def test_while_one_run_repairs_another_does_neither_tell_nor_repair(account: Account) -> None:
    stop_registry(account)
    tick(account)
    before = account.ring

    def ring(ssm: object, doorbell: object, verb: str, *, wait_seconds: float) -> Reply:
        if verb == "repair-service" and "repair-service" not in account.verbs:
            account.verbs.append(verb)
            tick(account, 1)
        return before(ssm, doorbell, verb, wait_seconds=wait_seconds)

    check(NOW + TICK, ENVIRONMENT, account.aws, ring=ring, look=account.look, record=account.record)
    assert len(account.subjects) == 1
    assert "repair-engine" not in account.verbs


def test_a_state_nobody_can_read_begins_anew(account: Account) -> None:
    account.s3.objects[ENVIRONMENT.health_state.key] = ('"x"', b"\xff\x00 garbage")
    tick(account)
    assert state(account).started_at == NOW


def test_less_than_a_third_of_its_life_starts_a_renewal_once_a_day(account: Account) -> None:
    account.outside = replace(
        WELL_OUTSIDE, served=Served("ok", FINGERPRINT, NOW - timedelta(61), NOW + timedelta(29))
    )
    for number in range(0, 2 * 288, 12):
        tick(account, number)
    assert account.functions.started == ["renew", "renew"]
    assert account.subjects == []


def test_a_password_that_cannot_be_read_is_a_cause_and_does_not_stop_the_check(account: Account) -> None:
    account.ssm.password = None
    account.outside = replace(WELL_OUTSIDE, catalog=None)
    tick(account)
    tick(account, 1)
    assert account.subjects == ["[registry.example.com] AT RISK: The health user cannot log in"]


def test_what_could_not_be_asked_fails_the_run_after_everybody_was_told(account: Account) -> None:
    account.outside = BROKEN
    account.replies["diagnose"] = refusal("AccessDeniedException")
    for number in range(2):
        with pytest.raises(HealthCheckError, match="AccessDeniedException"):
            tick(account, number)
    assert account.subjects == ["[registry.example.com] DOWN: The registry does not work"]


def test_a_well_registry_is_measured(account: Account) -> None:
    tick(account)
    tick(account, 12)
    assert account.measures == {
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


def test_a_registry_that_is_down_is_measured_as_far_as_it_goes(account: Account) -> None:
    account.outside = GONE
    account.replies["diagnose"] = Reply(Delivery.NO_HOST)
    account.sns.confirmed = "0"
    tick(account)
    assert account.measures == {
        "Healthy": 0,
        "HoursWell": 0,
        "ProbeMilliseconds": 0,
        "AlertReceivers": 0,
        "DaysSinceRenewalRun": 0,
    }


def test_a_lost_race_is_no_failed_run(account: Account) -> None:
    class Racing(Account):
        def look(self, *_arguments: object) -> Outside:
            tick(account)
            return account.outside

    racing = Racing(account.s3, account.sns, account.ssm, replies=account.replies)
    assert tick(racing)["cause"] is None
