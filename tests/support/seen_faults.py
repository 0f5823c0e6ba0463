"""What outside and inside see of each fault: changes to the sight of a well registry."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import reduce
from typing import Any

from lambdas.judge.sight import Inside, Sight
from lambdas.see.facts import Facts
from lambdas.see.http_answer import NO_ANSWER_IN_TIME, Answer
from lambdas.see.probe import Names, Pull, Served
from lambdas.see.run_command import Delivery
from tests.support.well_registry import FINGERPRINT, NOW

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
    "registry-stopped": (BAD_GATEWAY, facts(registry="exited", catalog=0, registry_log="panic: out of range")),
    "registry-crash-looping": (BAD_GATEWAY, facts(registry="restarting", registry_restarts=9, catalog=0)),
    "docker-stopped": (BAD_GATEWAY, facts(docker="inactive", registry=None, catalog=0)),
    "s3-denied": (UNAVAILABLE, facts(s3="denied", catalog=503)),
    "s3-bucket-missing": (UNAVAILABLE, facts(s3="missing", catalog=503)),
    "host-resolver-broken": (facts(resolver="broken", s3=None),),
    "s3-unreachable": (everywhere(LATE), facts(s3="unreachable", catalog=None)),
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
    "reboot-due": (facts(reboot_due_days=7),),
    "certificate-expiring": (certificate(not_before=NOW - timedelta(80), not_after=NOW + timedelta(10)),),
    "diagnosis-unreadable": (inside(Delivery.ANSWERED, Facts(nginx="active")),),
    "unexplained": (BAD_GATEWAY, facts(login="502")),
}
