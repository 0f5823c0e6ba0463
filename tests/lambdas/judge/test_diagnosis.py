"""One cause from what was seen, also when two things broke at once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest

from lambdas.judge.causes import CAUSES
from lambdas.judge.diagnosis import diagnose
from lambdas.judge.sight import Inside, Sight, read_inside
from lambdas.see.facts import Facts
from lambdas.see.http_answer import Answer
from lambdas.see.probe import Names, Outside, Served
from lambdas.see.run_command import Delivery, Output, Reply
from tests.support.well_registry import ADDRESS, FINGERPRINT, NOW, WELL, WELL_FACTS, WELL_OUTSIDE, lines

SERVER_ERROR = Answer(502)
Fault = Callable[[Sight], Sight]


def outside(sight: Sight, **changed: Any) -> Sight:
    return replace(sight, outside=replace(sight.outside, **changed))


def facts(sight: Sight, **changed: Any) -> Sight:
    """Nothing can be learned from a host that does not answer."""
    inside = sight.inside
    if inside is None or inside.delivery != Delivery.ANSWERED:
        return sight
    return replace(sight, inside=replace(inside, facts=replace(inside.facts, **changed)))


def silent(sight: Sight, delivery: Delivery = Delivery.UNDELIVERED) -> Sight:
    return replace(sight, inside=Inside(delivery, Facts()))


def no_port(sight: Sight, port: str) -> Sight:
    """A port that drops packets hides whether anybody would have refused."""
    shut = "silent" if "silent" in (port, sight.outside.port_443) else port
    port_80 = sight.outside.port_80 or ("refused" if port == "refused" else "open")
    return outside(sight, port_443=shut, port_80=port_80, served=None, anonymous=None, catalog=None)


def bad_certificate(sight: Sight, **changed: Any) -> Sight:
    if sight.outside.served is None:
        return sight
    return outside(sight, served=replace(sight.outside.served, **changed), anonymous=None, catalog=None)


def answers(sight: Sight, **changed: Any) -> Sight:
    """What HTTP says, where it comes so far."""
    return outside(sight, **changed) if sight.outside.anonymous else sight


def host_gone(sight: Sight) -> Sight:
    return silent(
        outside(sight, port_443="silent", port_80="silent", served=None, anonymous=None, catalog=None)
    )


OLD = "cd" * 32
FAULTS: dict[str, Fault] = {
    "dns-missing": lambda sight: outside(sight, names=Names(problem="Name or service not known")),
    "dns-elsewhere": lambda sight: outside(sight, names=Names(("198.51.100.9",))),
    "port-443-closed": lambda sight: no_port(sight, "silent"),
    "nginx-stopped": lambda sight: facts(no_port(sight, "refused"), nginx="inactive"),
    "nginx-config-broken": lambda sight: facts(
        no_port(sight, "refused"), nginx="failed", nginx_config='unknown directive "lsiten"'
    ),
    "login-check-stopped": lambda sight: facts(answers(sight, anonymous=Answer(500)), auth="failed"),
    "certificate-missing": lambda sight: facts(
        bad_certificate(sight, trust="self-signed", fingerprint=OLD),
        certificate="absent",
        certificate_fingerprint=None,
    ),
    "certificate-expired": lambda sight: facts(
        bad_certificate(sight, trust="expired"), certificate="expired"
    ),
    "certificate-wrong-name": lambda sight: facts(
        bad_certificate(sight, trust="wrong-name"), certificate="wrong-name"
    ),
    "certificate-untrusted": lambda sight: bad_certificate(sight, trust="untrusted"),
    "certificate-not-served": lambda sight: facts(
        outside(sight, served=replace(sight.outside.served, fingerprint=OLD))
        if sight.outside.served
        else sight,
        certificate_fingerprint=FINGERPRINT,
    ),
    "registry-stopped": lambda sight: facts(
        answers(sight, catalog=SERVER_ERROR), registry="exited", catalog=0, registry_log="panic: out of range"
    ),
    "registry-crash-looping": lambda sight: facts(
        answers(sight, catalog=SERVER_ERROR), registry="restarting", registry_restarts=9, catalog=0
    ),
    "docker-stopped": lambda sight: facts(
        answers(sight, catalog=SERVER_ERROR), docker="inactive", registry=None, catalog=0
    ),
    "s3-denied": lambda sight: facts(answers(sight, catalog=Answer(503)), s3="denied", catalog=503),
    "s3-bucket-missing": lambda sight: facts(answers(sight, catalog=Answer(503)), s3="missing", catalog=503),
    "s3-unreachable": lambda sight: facts(
        answers(sight, catalog=Answer(problem="no end in time")), s3="unreachable", catalog=None
    ),
    "disk-full": lambda sight: facts(sight, disk_used_percent=100),
    "memory-exhausted": lambda sight: facts(sight, memory_available_percent=1),
    "clock-wrong": lambda sight: facts(
        answers(sight, catalog=Answer(503)), clock_offset_seconds=-3600, s3="denied"
    ),
    "host-gone": host_gone,
    "ssm-offline": silent,
    "address-lost": lambda sight: facts(outside(no_port(sight, "silent"), port_80="silent"), address="free"),
    "health-login-refused": lambda sight: answers(sight, catalog=Answer(401)),
    "users-outdated": lambda sight: facts(sight, users_file="old"),
    "users-missing": lambda sight: facts(answers(sight, catalog=Answer(401)), users_file="missing"),
}
OUTSIDE_ONLY: dict[str, Fault] = {
    "not-the-registry": lambda sight: answers(
        sight, anonymous=Answer(200, body=b"<html>"), catalog=Answer(302)
    ),
    "front-door-silent": lambda sight: outside(
        sight, served=Served("no-handshake", problem="no answer in time"), anonymous=None, catalog=None
    ),
    "certificate-expiring": lambda sight: outside(
        sight, served=Served("ok", FINGERPRINT, NOW - timedelta(80), NOW + timedelta(10))
    ),
    "diagnosis-unreadable": lambda sight: replace(
        sight, inside=Inside(Delivery.ANSWERED, Facts(nginx="active"))
    ),
    "unexplained": lambda sight: answers(sight, catalog=SERVER_ERROR),
}
NOT_SEEN_BY_A_CHECK = {"alerts-undelivered"} | {each for each in CAUSES if each.startswith("renewal-")}


def named(sight: Sight) -> str:
    cause = diagnose(sight).cause
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
    sight = (FAULTS | OUTSIDE_ONLY)[cause_id](WELL)
    assert named(sight) == cause_id
    assert any(not check.ok for check in diagnose(sight).checks)


def test_of_any_two_faults_at_once_one_is_named() -> None:
    wrong = {
        (first, second): seen
        for first, second in combinations(FAULTS, 2)
        for seen in (named(FAULTS[second](FAULTS[first](WELL))), named(FAULTS[first](FAULTS[second](WELL))))
        if seen not in (first, second)
    }
    # Nothing answers, and nobody can look at the host: that is what a host that is gone looks like.
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
def test_it_is_known_whether_clients_feel_it(cause_id: str, is_down: bool) -> None:
    assert diagnose((FAULTS | OUTSIDE_ONLY)[cause_id](WELL)).is_down is is_down


def test_one_right_address_among_fifty_is_not_right() -> None:
    names = Names(tuple(sorted([ADDRESS, *(f"198.51.100.{last}" for last in range(49))])))
    diagnosis = diagnose(outside(WELL, names=names))
    assert diagnosis.cause == CAUSES["dns-elsewhere"]
    assert diagnosis.checks[0].actual == "198.51.100.0, 198.51.100.1, 198.51.100.10 and 47 more"
    assert diagnosis.checks[0].expected == ADDRESS


@pytest.mark.parametrize(
    "delivery", [Delivery.NO_HOST, Delivery.UNDELIVERED, Delivery.TIMED_OUT, Delivery.THROTTLED]
)
def test_a_well_registry_whose_host_cannot_be_asked_is_at_risk(delivery: Delivery) -> None:
    assert named(silent(WELL, delivery)) == "ssm-offline"


def test_being_throttled_does_not_make_a_host_gone() -> None:
    dead = outside(WELL, port_443="silent", port_80="silent", served=None, anonymous=None, catalog=None)
    assert named(silent(dead, Delivery.THROTTLED)) == "unexplained"
    assert named(silent(dead, Delivery.TIMED_OUT)) == "host-gone"


def test_a_refused_connection_is_a_sign_of_life() -> None:
    refused = outside(WELL, port_443="refused", port_80="refused", served=None, anonymous=None, catalog=None)
    assert named(silent(refused)) == "ssm-offline"


def test_a_frozen_host_whose_kernel_still_accepts_is_gone() -> None:
    frozen = outside(WELL, served=Served("no-handshake"), anonymous=None, catalog=None)
    assert named(silent(frozen)) == "host-gone"


def test_without_the_health_users_password_its_login_is_the_cause() -> None:
    assert named(outside(WELL, catalog=None)) == "health-login-refused"


@pytest.mark.parametrize(
    "broken", [{"anonymous": Answer(problem="not HTTP")}, {"catalog": Answer(200, problem="cut short")}]
)
def test_a_broken_answer_is_a_finding(broken: dict[str, Answer]) -> None:
    assert named(outside(WELL, **broken)) in ("front-door-silent", "not-the-registry")


def test_the_last_line_of_a_stopped_registrys_log_is_evidence() -> None:
    checks = diagnose(FAULTS["registry-stopped"](WELL)).checks
    assert ("registry log", "panic: out of range") in [(check.name, check.actual) for check in checks]


def test_of_two_hosts_the_one_with_the_address_counts() -> None:
    old = Output("i-1", True, lines(replace(WELL_FACTS, address="elsewhere", nginx="inactive")), "")
    new = Output("i-2", True, lines(WELL_FACTS), "")
    for outputs in ((old, new), (new, old)):
        assert read_inside(Reply(Delivery.ANSWERED, outputs)).facts == WELL_FACTS


def test_a_host_that_prints_garbage_says_nothing() -> None:
    inside = read_inside(Reply(Delivery.ANSWERED, (Output("i-1", True, "\x00\xff" * 900, ""),)))
    for outside in (WELL_OUTSIDE, Outside(WELL_OUTSIDE.names, "refused")):
        assert named(replace(WELL, inside=inside, outside=outside)) == "diagnosis-unreadable"


def test_docker_that_runs_and_does_not_answer_is_named_though_clients_are_well() -> None:
    diagnosis = diagnose(facts(WELL, registry=None, registry_restarts=None))
    assert diagnosis.cause == CAUSES["docker-stopped"]
    assert not diagnosis.is_down


def test_the_last_renewals_failure_is_shown_beside_a_certificate_that_fails() -> None:
    def shows(sight: Sight) -> bool:
        return "last renewal" in [check.name for check in diagnose(sight).checks]

    failed = facts(WELL, acme="ca-down")
    assert not shows(failed)
    assert shows(bad_certificate(failed, trust="expired"))


def test_an_nginx_that_came_back_between_the_two_looks_hides_no_other_cause() -> None:
    refused = facts(no_port(WELL, "refused"), nginx="active")
    assert named(refused) == "port-443-closed"
    assert named(facts(refused, registry="restarting", catalog=0)) == "registry-crash-looping"
