"""One cause from what was seen, also when two things broke at once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import reduce
from itertools import combinations, permutations
from typing import Any

import pytest

from lambdas.judge.causes import CAUSES
from lambdas.judge.diagnosis import diagnose
from lambdas.judge.sight import Inside, Sight, read_inside
from lambdas.see.facts import Facts
from lambdas.see.http_answer import NO_ANSWER_IN_TIME, Answer
from lambdas.see.probe import Names, Outside, Pull, Served
from lambdas.see.run_command import Delivery, Output, Reply
from tests.support.well_registry import ADDRESS, FINGERPRINT, NOW, WELL, WELL_FACTS, WELL_OUTSIDE, lines

Fault = Callable[[Sight], Sight]
SHUT: dict[str, Any] = {"served": None, "anonymous": None, "catalog": None, "pull": None}


def after(sight: Sight, *faults: Fault) -> Sight:
    return reduce(lambda seen, fault: fault(seen), faults, sight)


def outside(**changed: Any) -> Fault:
    return lambda sight: replace(sight, outside=replace(sight.outside, **changed))


def inside(delivery: Delivery = Delivery.UNDELIVERED, known: Facts = Facts()) -> Fault:  # noqa: B008
    return lambda sight: replace(sight, inside=Inside(delivery, known))


def facts(**changed: Any) -> Fault:
    """A host that does not answer tells no fact."""

    def fault(sight: Sight) -> Sight:
        assert sight.inside
        if sight.inside.delivery != Delivery.ANSWERED:
            return sight
        return after(sight, inside(Delivery.ANSWERED, replace(sight.facts, **changed)))

    return fault


def no_port(port: str) -> Fault:
    """A port that drops packets hides whether the host would have refused."""

    def fault(sight: Sight) -> Sight:
        shut = "silent" if "silent" in (port, sight.outside.port_443) else port
        port_80 = sight.outside.port_80 or ("refused" if port == "refused" else "open")
        return after(sight, outside(port_443=shut, port_80=port_80, **SHUT))

    return fault


def certificate(**changed: Any) -> Fault:
    def fault(sight: Sight) -> Sight:
        served = sight.outside.served
        return after(sight, outside(served=replace(served, **changed))) if served else sight

    return fault


def refused_certificate(**changed: Any) -> Fault:
    """Clients send no request over it."""
    told = certificate(**changed)
    return lambda sight: after(sight, told, answers(anonymous=None, catalog=None, pull=None))


def answers(**changed: Any) -> Fault:
    """HTTP answers, if the connection gets so far."""
    return lambda sight: after(sight, outside(**changed)) if sight.outside.anonymous else sight


def everywhere(answer: Answer) -> Fault:
    """To each request with a login."""
    return answers(catalog=answer, pull=Pull(answer, answer))


LATE = Answer(problem=NO_ANSWER_IN_TIME)
UNAVAILABLE, BAD_GATEWAY, REFUSED_LOGIN = map(everywhere, (Answer(503), Answer(502), Answer(401)))
NO_HANDSHAKE = outside(
    served=Served("no-handshake", problem=NO_ANSWER_IN_TIME), anonymous=None, catalog=None, pull=None
)
OLD = "cd" * 32
FAULTS: dict[str, tuple[Fault, ...]] = {
    "dns-missing": (outside(names=Names(problem="Name or service not known")),),
    "dns-elsewhere": (outside(names=Names(("198.51.100.9",))),),
    "port-443-closed": (no_port("silent"),),
    "nginx-stopped": (no_port("refused"), facts(nginx="inactive")),
    "nginx-config-broken": (no_port("refused"), facts(nginx="failed", nginx_config='unknown "lsiten"')),
    "login-check-stopped": (answers(anonymous=Answer(500)), facts(auth="failed")),
    "certificate-missing": (
        refused_certificate(trust="self-signed", fingerprint=OLD),
        facts(certificate="absent", certificate_fingerprint=None),
    ),
    "certificate-expired": (refused_certificate(trust="expired"), facts(certificate="expired")),
    "certificate-wrong-name": (refused_certificate(trust="wrong-name"), facts(certificate="wrong-name")),
    "certificate-untrusted": (refused_certificate(trust="untrusted"),),
    "certificate-not-served": (certificate(fingerprint=OLD), facts(certificate_fingerprint=FINGERPRINT)),
    "registry-stopped": (
        BAD_GATEWAY,
        facts(registry="exited", catalog=0, registry_log="panic: out of range"),
    ),
    "registry-crash-looping": (BAD_GATEWAY, facts(registry="restarting", registry_restarts=9, catalog=0)),
    "docker-stopped": (BAD_GATEWAY, facts(docker="inactive", registry=None, catalog=0)),
    "s3-denied": (UNAVAILABLE, facts(s3="denied", catalog=503)),
    "s3-bucket-missing": (UNAVAILABLE, facts(s3="missing", catalog=503)),
    "host-resolver-broken": (facts(resolver="broken", s3=None),),
    "s3-unreachable": (
        everywhere(LATE),
        facts(s3="unreachable", catalog=None),
    ),
    "disk-full": (facts(disk_used_percent=100),),
    "memory-exhausted": (facts(memory_available_percent=1),),
    "clock-wrong": (UNAVAILABLE, facts(clock_offset_seconds=-3600, s3="denied")),
    "host-gone": (outside(port_443="silent", port_80="silent", **SHUT), inside()),
    "ssm-offline": (inside(),),
    "address-lost": (no_port("silent"), outside(port_80="silent"), facts(address="free")),
    "health-login-refused": (REFUSED_LOGIN,),
    "users-outdated": (facts(users_file="old"),),
    "users-missing": (REFUSED_LOGIN, facts(users_file="missing")),
}
OUTSIDE_ONLY: dict[str, tuple[Fault, ...]] = {
    "not-the-registry": (everywhere(Answer(302)), answers(anonymous=Answer(200, body=b"<html>"))),
    "front-door-silent": (NO_HANDSHAKE, facts(door="timeout", login="timeout")),
    "answers-slow": (everywhere(LATE),),
    "listings-slow": (facts(slow_listings=3, longest_listing_seconds=41),),
    "certificate-expiring": (certificate(not_before=NOW - timedelta(80), not_after=NOW + timedelta(10)),),
    "diagnosis-unreadable": (inside(Delivery.ANSWERED, Facts(nginx="active")),),
    "unexplained": (BAD_GATEWAY, facts(login="502")),
}
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
