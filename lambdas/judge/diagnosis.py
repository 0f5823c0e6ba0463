"""From what was seen outside and what the host says to one cause, with the evidence."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from lambdas.judge.causes import CAUSES, Cause
from lambdas.judge.check import Check
from lambdas.see.facts import Facts
from lambdas.see.http_answer import Answer
from lambdas.see.probe import Outside, Served
from lambdas.see.run_command import Delivery, Reply

FULL_DISK_PERCENT = 95
LEAST_MEMORY_PERCENT = 4
CLOCK_SECONDS = 60
CRASHES = 5
# The renewal is started when a third is left.
EXPIRING_LIFE_LEFT = 1 / 5
# A host too old or too ill to print half of its lines has not told anything.
FEWEST_FACTS = 10


@dataclass(frozen=True, slots=True)
class Inside:
    delivery: Delivery
    facts: Facts

    @property
    def is_silent(self) -> bool:
        return Reply(self.delivery).is_silence

    @property
    def is_unreadable(self) -> bool:
        return self.delivery == Delivery.ANSWERED and self.facts.known < FEWEST_FACTS


def read_inside(reply: Reply) -> Inside:
    """With several hosts, the one that has the address is the one clients meet."""
    read = [Facts.read(output.stdout) for output in reply.outputs]
    read.sort(key=lambda facts: (facts.address != "held", -facts.known))
    return Inside(reply.delivery, read[0] if read else Facts())


@dataclass(frozen=True, slots=True)
class Sight:
    """Everything a diagnosis is made from. ``inside`` is ``None`` if the host was not asked."""

    address: str
    outside: Outside
    inside: Inside | None
    now: datetime

    @property
    def facts(self) -> Facts:
        return self.inside.facts if self.inside else Facts()

    @property
    def is_silent_inside(self) -> bool:
        return self.inside is not None and self.inside.is_silent

    @property
    def shows_life(self) -> bool:
        """A refused connection is an answer too: of the host's kernel."""
        seen = self.outside
        refused = "refused" in (seen.port_443, seen.port_80) or seen.port_80 == "open"
        return refused or (seen.served is not None and seen.served.trust != "no-handshake" and _spoke(seen))


def _spoke(outside: Outside) -> bool:
    return outside.anonymous is None or outside.anonymous.status is not None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    cause: Cause | None
    """``None`` if all is well."""

    checks: tuple[Check, ...] = field(default=())
    is_down: bool = False
    """Clients feel it."""


def diagnose(sight: Sight) -> Diagnosis:
    outside, inside = tuple(outside_checks(sight)), tuple(inside_checks(sight))
    is_down = not all(check.ok for check in outside if check.name != LIFE_LEFT)
    checks = outside + inside
    if all(check.ok for check in checks):
        return Diagnosis(None, checks)
    cause_id = next((cause_id for cause_id, explains in _EXPLANATIONS if explains(sight)), "unexplained")
    # The one user that only the health check needs says nothing about the others.
    return Diagnosis(CAUSES[cause_id], checks, is_down and cause_id != "health-login-refused")


LIFE_LEFT = "certificate life left"


def outside_checks(sight: Sight) -> Iterator[Check]:
    seen = sight.outside
    named = ", ".join(seen.names.addresses[:3]) or seen.names.problem or "no address"
    more = len(seen.names.addresses) - 3
    yield Check(
        "DNS",
        seen.names.addresses == (sight.address,),
        named + (f" and {more} more" if more > 0 else ""),
        sight.address,
    )
    yield Check("port 443", seen.port_443 == "open", seen.port_443, "open")
    if seen.served:
        actual = ": ".join(filter(None, (seen.served.trust, seen.served.problem)))
        yield Check("TLS", seen.served.trust == "ok", actual, "a trusted certificate for this name")
        yield from _life_checks(seen.served, sight)
    if seen.anonymous:
        asked = seen.anonymous.status == 401 and seen.anonymous.challenge.lower().startswith("basic")
        yield Check("/v2/ without login", asked, str(seen.anonymous), "HTTP 401 that asks for a login")
    if seen.catalog:
        yield Check(
            "/v2/_catalog with login", _is_well(seen.catalog), _shown(seen.catalog), "HTTP 200 and JSON"
        )
    elif seen.anonymous:
        yield Check("health login", False, "password not readable", "a password")


def _life_checks(served: Served, sight: Sight) -> Iterator[Check]:
    left, days = served.life_left(sight.now), served.days_left(sight.now)
    if left is not None and days is not None:
        yield Check(
            LIFE_LEFT,
            left >= EXPIRING_LIFE_LEFT,
            f"{days:.1f} days",
            f"at least {EXPIRING_LIFE_LEFT:.0%} of its life",
        )


def _is_well(answer: Answer) -> bool:
    return answer.status == 200 and not answer.problem and answer.is_catalog


def _shown(answer: Answer) -> str:
    if answer.status == 200 and not answer.problem and not answer.is_catalog:
        return f"{answer}, no catalog in its {len(answer.body)} bytes"
    return str(answer)


def inside_checks(sight: Sight) -> Iterator[Check]:
    if sight.inside is None:
        return
    delivery, facts = sight.inside.delivery, sight.facts
    yield Check("Run Command", delivery == Delivery.ANSWERED, delivery, Delivery.ANSWERED)
    if delivery != Delivery.ANSWERED:
        return
    yield Check(
        "diagnose", not sight.inside.is_unreadable, f"{facts.known} facts", f"at least {FEWEST_FACTS} facts"
    )
    expected = {
        "nginx": "active",
        "nginx_config": "ok",
        "auth": "active",
        "docker": "active",
        "registry": "running",
    }
    expected |= {"s3": "ok", "certificate": "ok", "users_file": "ok", "address": "held"}
    for name, value in expected.items():
        actual = getattr(facts, name)
        if actual is not None:
            yield Check(f"host {name.replace('_', ' ')}", actual == value, actual, value)
    if _engine_hangs(facts):
        yield Check("host docker answer", False, "none", "the state of the registry container")
    yield from _measured(facts)
    if facts.catalog is not None:
        actual = f"HTTP {facts.catalog}" if facts.catalog else "no answer"
        yield Check("host /v2/_catalog", facts.catalog == 200, actual, "HTTP 200")
    served = sight.outside.served
    if facts.acme not in (None, "ok") and not (served and served.trust == "ok" and not _expires_soon(sight)):
        yield Check("last renewal", False, str(facts.acme), "ok")
    if facts.certificate_fingerprint and served and served.fingerprint:
        same = served.fingerprint == facts.certificate_fingerprint
        yield Check(
            "certificate served",
            same,
            served.fingerprint[:16],
            f"{facts.certificate_fingerprint[:16]} as on disk",
        )
    # Only beside something that failed: an old line proves nothing about now.
    if facts.registry_log and (facts.registry != "running" or facts.catalog not in (200, None)):
        yield Check("registry log", False, facts.registry_log, "no error")


def _measured(facts: Facts) -> Iterator[Check]:
    disk, memory = facts.disk_used_percent, facts.memory_available_percent
    clock, restarts = facts.clock_offset_seconds, facts.registry_restarts
    if disk is not None:
        yield Check("host disk used", disk < FULL_DISK_PERCENT, f"{disk} %", f"below {FULL_DISK_PERCENT} %")
    if memory is not None:
        yield Check(
            "host memory available",
            memory >= LEAST_MEMORY_PERCENT,
            f"{memory} %",
            f"at least {LEAST_MEMORY_PERCENT} %",
        )
    if clock is not None:
        yield Check("host clock", abs(clock) <= CLOCK_SECONDS, f"{clock} s off", f"within {CLOCK_SECONDS} s")
    # Restarts long ago do no harm; the count matters while the container is not up.
    if restarts is not None and facts.registry != "running":
        yield Check("registry restarts", restarts < CRASHES, str(restarts), f"fewer than {CRASHES}")


def _outside_fails(sight: Sight) -> bool:
    return not all(check.ok for check in outside_checks(sight) if check.name != LIFE_LEFT)


def _is_gone(sight: Sight) -> bool:
    return _outside_fails(sight) and sight.is_silent_inside and not sight.shows_life


def _trust_is(*kinds: str) -> Callable[[Sight], bool]:
    return lambda sight: sight.outside.served is not None and sight.outside.served.trust in kinds


def _certificate_is_not_served(sight: Sight) -> bool:
    """Another one is on disk, and it is good."""
    served, facts = sight.outside.served, sight.facts
    return bool(
        served
        and served.fingerprint
        and facts.certificate_fingerprint
        and served.fingerprint != facts.certificate_fingerprint
        and facts.certificate == "ok"
    )


def _expires_soon(sight: Sight) -> bool:
    left = sight.outside.served.life_left(sight.now) if sight.outside.served else None
    return left is not None and left < EXPIRING_LIFE_LEFT


def _engine_hangs(facts: Facts) -> bool:
    """It runs, and did not tell the container's state."""
    return facts.docker == "active" and facts.registry is None and facts.known >= FEWEST_FACTS


def _crashes(sight: Sight) -> bool:
    facts = sight.facts
    often = (facts.registry_restarts or 0) >= CRASHES and facts.catalog != 200
    return facts.registry == "restarting" or (often and facts.registry not in (None, "absent"))


def _login_is_refused(sight: Sight) -> bool:
    seen = sight.outside
    asks = seen.anonymous is not None and seen.anonymous.status == 401
    return asks and (seen.catalog is None or seen.catalog.status in (401, 403))


def _is_another(sight: Sight) -> bool:
    """A whole answer, but none that a registry or a failing one would give."""

    def foreign(answer: Answer | None, *own: int) -> bool:
        return (
            answer is not None
            and answer.status is not None
            and answer.status < 500
            and answer.status not in own
        )

    seen = sight.outside
    no_catalog = seen.catalog is not None and seen.catalog.status == 200 and not _is_well(seen.catalog)
    return foreign(seen.anonymous, 401) or foreign(seen.catalog, 200, 401, 403, 429) or no_catalog


def _does_not_answer(sight: Sight) -> bool:
    seen = sight.outside
    handshake = seen.served is not None and seen.served.trust == "no-handshake"
    return handshake or any(
        answer is not None and answer.status is None for answer in (seen.anonymous, seen.catalog)
    )


def _clock_is_wrong(sight: Sight) -> bool:
    return abs(sight.facts.clock_offset_seconds or 0) > CLOCK_SECONDS


def _memory_is_exhausted(sight: Sight) -> bool:
    memory = sight.facts.memory_available_percent
    return memory is not None and memory < LEAST_MEMORY_PERCENT


def _port_is_closed(sight: Sight) -> bool:
    """nginx runs, or at least the host lives, but nothing comes through."""
    seen = sight.outside
    alive = seen.port_80 in ("open", "refused") or sight.facts.nginx == "active"
    return seen.port_443 == "silent" and alive


def _port_refuses(sight: Sight) -> bool:
    """A firewall on the host that rejects; or nginx came back between the two looks, and something else is wrong."""
    return sight.outside.port_443 == "refused" and sight.facts.nginx == "active"


# The first that explains what was seen is the cause: what makes other things fail stands before them.
_EXPLANATIONS: tuple[tuple[str, Callable[[Sight], bool]], ...] = (
    ("dns-missing", lambda sight: not sight.outside.names.addresses),
    ("dns-elsewhere", lambda sight: sight.outside.names.addresses != (sight.address,)),
    ("host-gone", _is_gone),
    ("disk-full", lambda sight: (sight.facts.disk_used_percent or 0) >= FULL_DISK_PERCENT),
    ("memory-exhausted", _memory_is_exhausted),
    ("clock-wrong", _clock_is_wrong),
    ("nginx-config-broken", lambda sight: sight.facts.nginx_config not in (None, "ok")),
    ("nginx-stopped", lambda sight: sight.facts.nginx not in (None, "active", "reloading")),
    (
        "address-lost",
        lambda sight: sight.outside.port_443 != "open" and sight.facts.address in ("free", "elsewhere"),
    ),
    ("port-443-closed", _port_is_closed),
    ("docker-stopped", lambda sight: sight.facts.docker not in (None, "active", "reloading")),
    ("docker-stopped", lambda sight: _engine_hangs(sight.facts)),
    ("certificate-not-served", _certificate_is_not_served),
    ("certificate-missing", lambda sight: sight.facts.certificate == "absent"),
    # The placeholder that a host serves until it has one.
    ("certificate-missing", _trust_is("self-signed")),
    ("certificate-expired", _trust_is("expired")),
    ("certificate-wrong-name", _trust_is("wrong-name")),
    ("certificate-untrusted", _trust_is("untrusted")),
    ("certificate-expired", lambda sight: sight.facts.certificate == "expired"),
    ("certificate-wrong-name", lambda sight: sight.facts.certificate == "wrong-name"),
    ("users-missing", lambda sight: sight.facts.users_file == "missing"),
    ("login-check-stopped", lambda sight: sight.facts.auth not in (None, "active", "reloading")),
    ("s3-denied", lambda sight: sight.facts.s3 == "denied"),
    ("s3-bucket-missing", lambda sight: sight.facts.s3 == "missing"),
    ("s3-unreachable", lambda sight: sight.facts.s3 not in (None, "ok")),
    ("registry-crash-looping", _crashes),
    ("registry-stopped", lambda sight: sight.facts.registry not in (None, "running")),
    ("port-443-closed", _port_refuses),
    ("users-outdated", lambda sight: sight.facts.users_file == "old"),
    ("ssm-offline", lambda sight: sight.is_silent_inside),
    ("diagnosis-unreadable", lambda sight: sight.inside is not None and sight.inside.is_unreadable),
    ("health-login-refused", _login_is_refused),
    ("not-the-registry", _is_another),
    ("front-door-silent", _does_not_answer),
    ("certificate-expiring", _expires_soon),
    (
        "address-lost",
        lambda sight: not _outside_fails(sight) and sight.facts.address in ("free", "elsewhere"),
    ),
    (
        "ssm-offline",
        lambda sight: (
            not _outside_fails(sight)
            and sight.inside is not None
            and sight.inside.delivery != Delivery.ANSWERED
        ),
    ),
)
