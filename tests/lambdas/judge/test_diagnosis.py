"""One cause from what was seen, also when two things broke at once."""

from dataclasses import replace
from itertools import combinations, permutations

import pytest

from lambdas.judge.causes import CAUSES
from lambdas.judge.diagnosis import diagnose
from lambdas.judge.sight import read_inside
from lambdas.see.http_answer import Answer
from lambdas.see.probe import Names, Outside, Pull
from lambdas.see.run_command import Delivery, Output, Reply
from tests.support.seen_faults import (
    FAULTS,
    LATE,
    NO_HANDSHAKE,
    OUTSIDE_ONLY,
    SHUT,
    Fault,
    after,
    everywhere,
    facts,
    inside,
    no_port,
    outside,
    refused_certificate,
)
from tests.support.well_registry import ADDRESS, WELCOME, WELL, WELL_FACTS, WELL_OUTSIDE, lines

NOT_SEEN_BY_A_CHECK = {"alerts-undelivered"} | {each for each in CAUSES if each.startswith("renewal-")}


def named(*faults: Fault) -> str:
    cause = diagnose(after(WELL, *faults)).cause
    return cause.id if cause else ""


def test_a_well_registry_has_no_cause_and_every_check_is_ok() -> None:
    diagnosis = diagnose(WELL)
    assert diagnosis.cause is None
    assert [check for check in diagnosis.checks if not check.ok] == []
    assert not diagnosis.is_down


def test_every_cause_has_a_fault_here() -> None:
    assert FAULTS.keys() | OUTSIDE_ONLY.keys() | NOT_SEEN_BY_A_CHECK == CAUSES.keys()


@pytest.mark.parametrize("cause_id", [*FAULTS, *OUTSIDE_ONLY])
def test_a_fault_alone_is_named(cause_id: str) -> None:
    faults = (FAULTS | OUTSIDE_ONLY)[cause_id]
    assert named(*faults) == cause_id
    assert any(not check.ok for check in diagnose(after(WELL, *faults)).checks)


def test_of_any_two_faults_at_once_one_is_named() -> None:
    wrong = {
        pair: seen
        for pair in combinations(FAULTS, 2)
        for first, second in permutations(pair)
        if (seen := named(*FAULTS[first], *FAULTS[second])) not in pair
    }
    # Nothing answers, and the host cannot be asked: a host that is gone looks the same.
    assert wrong == {("ssm-offline", "address-lost"): "host-gone"}


@pytest.mark.parametrize(
    ("cause_id", "is_down"),
    [
        ("nginx-stopped", True),
        ("s3-denied", True),
        ("dns-elsewhere", True),
        ("disk-full", False),
        ("health-login-refused", False),
        ("ssm-offline", False),
        ("certificate-expiring", False),
        ("certificate-not-served", False),
    ],
)
def test_a_fault_is_down_only_if_clients_feel_it(cause_id: str, is_down: bool) -> None:
    assert diagnose(after(WELL, *(FAULTS | OUTSIDE_ONLY)[cause_id])).is_down is is_down


def test_one_right_address_among_fifty_is_not_right() -> None:
    names = Names(tuple(sorted([ADDRESS, *(f"198.51.100.{last}" for last in range(49))])))
    diagnosis = diagnose(after(WELL, outside(names=names)))
    assert diagnosis.cause == CAUSES["dns-elsewhere"]
    assert diagnosis.checks[0].actual == "198.51.100.0, 198.51.100.1, 198.51.100.10 and 47 more"
    assert diagnosis.checks[0].expected == ADDRESS


def test_an_ipv6_address_beside_the_right_address_points_elsewhere() -> None:
    diagnosis = diagnose(after(WELL, outside(names=Names(("2001:db8::1", ADDRESS)))))
    assert (diagnosis.cause, diagnosis.is_down) == (CAUSES["dns-elsewhere"], True)
    assert diagnosis.checks[0].actual == f"2001:db8::1, {ADDRESS}"


@pytest.mark.parametrize("delivery", [each for each in Delivery if each != Delivery.ANSWERED])
def test_a_well_registry_whose_host_cannot_be_asked_is_at_risk(delivery: Delivery) -> None:
    assert named(inside(delivery)) == "ssm-offline"


def test_a_throttled_command_does_not_make_a_host_gone() -> None:
    dead = outside(port_443="silent", port_80="silent", **SHUT)
    assert named(dead, inside(Delivery.THROTTLED)) == "unexplained"
    assert named(dead, inside(Delivery.TIMED_OUT)) == "host-gone"


def test_a_refused_connection_is_a_sign_of_life() -> None:
    assert named(outside(port_443="refused", port_80="refused", **SHUT), inside()) == "ssm-offline"


def test_a_frozen_host_whose_kernel_still_accepts_is_gone() -> None:
    assert named(NO_HANDSHAKE, inside()) == "host-gone"


def test_an_unreadable_password_of_the_health_user_is_named() -> None:
    assert named(outside(catalog=None, pull=None)) == "health-login-refused"


@pytest.mark.parametrize(
    "broken", [{"anonymous": Answer(problem="not HTTP")}, {"catalog": Answer(200, problem="cut short")}]
)
def test_a_broken_answer_is_a_finding(broken: dict[str, Answer]) -> None:
    assert named(outside(**broken)) in ("front-door-silent", "not-the-registry")


@pytest.mark.parametrize("foreign", [Answer(200, body=b"<html>"), Answer(404, body=b"<html>"), Answer(302)])
def test_another_sites_answer_in_place_of_manifests_is_named(foreign: Answer) -> None:
    assert named(outside(pull=Pull(WELCOME, foreign))) == "not-the-registry"


def test_the_last_line_of_a_stopped_registrys_log_is_evidence() -> None:
    checks = diagnose(after(WELL, *FAULTS["registry-stopped"])).checks
    assert ("registry log", "panic: out of range") in [(check.name, check.actual) for check in checks]


def test_of_two_hosts_the_one_with_the_address_counts() -> None:
    old = Output("i-1", True, lines(replace(WELL_FACTS, address="elsewhere", nginx="inactive")), "")
    new = Output("i-2", True, lines(WELL_FACTS), "")
    for outputs in ((old, new), (new, old)):
        assert read_inside(Reply(Delivery.ANSWERED, outputs)).facts == WELL_FACTS


@pytest.mark.parametrize("seen", [WELL_OUTSIDE, Outside(WELL_OUTSIDE.names, "refused")])
def test_a_host_that_prints_garbage_says_nothing(seen: Outside) -> None:
    garbage = read_inside(Reply(Delivery.ANSWERED, (Output("i-1", True, "\x00\xff" * 900, ""),)))
    cause = diagnose(replace(WELL, inside=garbage, outside=seen)).cause
    assert cause == CAUSES["diagnosis-unreadable"]


def test_docker_that_hangs_is_named_though_clients_are_well() -> None:
    diagnosis = diagnose(after(WELL, facts(registry=None, registry_restarts=None)))
    assert diagnosis.cause == CAUSES["docker-stopped"]
    assert not diagnosis.is_down


def test_a_failed_renewal_is_shown_only_beside_a_failing_certificate() -> None:
    def shows(*faults: Fault) -> bool:
        return "last renewal" in [check.name for check in diagnose(after(WELL, *faults)).checks]

    failed = facts(acme="ca-down")
    assert not shows(failed)
    assert shows(failed, refused_certificate(trust="expired"))


def test_an_nginx_that_came_back_between_the_two_looks_hides_no_other_cause() -> None:
    refused = (no_port("refused"), facts(nginx="active"))
    assert named(*refused) == "port-443-closed"
    assert named(*refused, facts(registry="restarting", catalog=0)) == "registry-crash-looping"


def test_a_late_list_beside_a_served_client_is_a_slow_list() -> None:
    diagnosis = diagnose(after(WELL, outside(catalog=LATE)))
    assert diagnosis.cause == CAUSES["listings-slow"]
    assert not diagnosis.is_down


def test_a_late_manifest_beside_a_good_login_is_slow_and_not_down() -> None:
    diagnosis = diagnose(after(WELL, outside(catalog=LATE, pull=Pull(WELCOME, LATE))))
    assert diagnosis.cause == CAUSES["answers-slow"]
    assert not diagnosis.is_down


@pytest.mark.parametrize(
    ("cause_id", "said"),
    [("s3-unreachable", {"s3": "unreachable"}), ("host-resolver-broken", {"resolver": "broken", "s3": None})],
)
def test_a_late_manifest_is_down_if_the_host_cannot_reach_s3(cause_id: str, said: dict[str, str | None]) -> None:
    diagnosis = diagnose(after(WELL, outside(pull=Pull(WELCOME, LATE)), facts(**said, catalog=None)))
    assert diagnosis.cause == CAUSES[cause_id]
    assert diagnosis.is_down


def test_a_refused_manifest_beside_a_good_login_is_down() -> None:
    assert diagnose(after(WELL, outside(pull=Pull(WELCOME, Answer(503))))).is_down


def test_a_registry_that_hangs_is_a_silent_front_door_and_one_that_is_slow_is_not() -> None:
    assert named(everywhere(LATE), facts(engine="timeout", login="timeout")) == "front-door-silent"
    assert named(everywhere(LATE)) == "answers-slow"


def test_a_part_of_the_host_that_is_late_harms_no_client_that_is_served() -> None:
    assert diagnose(after(WELL, facts(door="timeout", login="timeout", engine="timeout"))).cause is None


def test_two_slow_lists_within_the_hour_are_nobodys_fault() -> None:
    assert diagnose(after(WELL, facts(slow_listings=2, longest_listing_seconds=90))).cause is None


def test_a_list_that_is_refused_beside_a_served_client_is_at_risk() -> None:
    diagnosis = diagnose(after(WELL, outside(catalog=Answer(500))))
    assert diagnosis.cause == CAUSES["unexplained"]
    assert not diagnosis.is_down


def test_a_late_list_beside_a_refused_manifest_is_no_slow_list() -> None:
    assert named(outside(catalog=LATE, pull=Pull(WELCOME, Answer(503)))) == "unexplained"


@pytest.mark.parametrize(("days", "cause_id"), [(6, None), (7, "reboot-due")])
def test_a_reboot_is_at_risk_once_it_has_been_due_for_a_week(days: int, cause_id: str | None) -> None:
    diagnosis = diagnose(after(WELL, facts(reboot_due_days=days)))
    assert diagnosis.cause == (CAUSES[cause_id] if cause_id else None)
    assert not diagnosis.is_down


def test_a_due_reboot_hides_no_other_cause() -> None:
    assert named(facts(reboot_due_days=30, slow_listings=3)) == "listings-slow"
    assert named(facts(reboot_due_days=30), outside(catalog=Answer(500))) == "unexplained"
