"""What was seen beside what was expected: each check is a line of the mail."""

from collections.abc import Iterator
from dataclasses import dataclass

from lambdas.judge.evidence import CLOCK_SECONDS, OutsideSays, is_wrong_clock, judge_outside
from lambdas.judge.sight import EXPIRING_LIFE_LEFT, FEWEST_FACTS, Sight
from lambdas.see.facts import Facts
from lambdas.see.http_answer import Answer
from lambdas.see.probe import Names
from lambdas.see.run_command import Delivery

FULL_DISK_PERCENT = 95
LEAST_MEMORY_PERCENT = 4
CRASHES = 5
# Fewer are somebody's own affair.
SLOW_LISTINGS = 3
SLOW_LISTING_SECONDS = 10
LONGEST_DUE_DAYS = 7
LIFE_LEFT = "certificate life left"
_WELL_HOST = {
    "nginx": "active",
    "nginx_config": "ok",
    "auth": "active",
    "docker": "active",
    "registry": "running",
    "resolver": "ok",
    "s3": "ok",
    "certificate": "ok",
    "users_file": "ok",
    "address": "held",
}
# Evidence where clients fail. Elsewhere, one that is late or between two states hurts nobody.
_ANSWERING_HOST = {"door": "401", "login": "200", "engine": "200"}


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    ok: bool
    actual: str
    expected: str


def outside_fails(sight: Sight) -> bool:
    """A certificate that expires soon is refused by no client yet."""
    return not all(check.ok for check in outside_checks(sight) if check.name != LIFE_LEFT)


def clients_fail(sight: Sight) -> bool:
    """Clients cannot use the registry. One that is served slowly is served, unless the host itself cannot reach S3."""
    seen, said = sight.outside, judge_outside(sight.outside)
    if seen.names.addresses != (sight.address,) or said in (OutsideSays.REFUSED, OutsideSays.SILENT):
        return True
    if said == OutsideSays.PARTLY and seen.pull:
        is_late = seen.pull.login.is_late or seen.pull.manifest.is_late
        return not is_late or sight.facts.s3 not in (None, "ok") or sight.facts.resolver == "broken"
    return said == OutsideSays.UNKNOWN and not (seen.anonymous and seen.anonymous.status == 401)


def outside_checks(sight: Sight) -> Iterator[Check]:
    seen = sight.outside
    yield dns_check(seen.names, sight.address)
    yield Check("port 443", seen.port_443 == "open", seen.port_443, "open")
    if seen.served:
        actual = ": ".join(filter(None, (seen.served.trust, seen.served.problem)))
        yield Check("TLS", seen.served.trust == "ok", actual, "a trusted certificate for this name")
        days = seen.served.days_left(sight.now)
        if days is not None:
            least = f"at least {EXPIRING_LIFE_LEFT:.0%} of its life"
            yield Check(LIFE_LEFT, not sight.expires_soon, f"{days:.1f} days", least)
    if seen.anonymous:
        asked = seen.anonymous.status == 401 and seen.anonymous.challenge.lower().startswith("basic")
        yield Check("/v2/ without login", asked, str(seen.anonymous), "HTTP 401 that asks for a login")
    if seen.catalog:
        actual, expected = _shown_catalog(seen.catalog), "HTTP 200 and JSON"
        yield Check("/v2/_catalog with login", seen.catalog.is_well_catalog, actual, expected)
    if pull := seen.pull:
        yield Check("/v2/ with login", pull.login.lets_in, str(pull.login), "HTTP 200")
        actual, expected = f"{pull.manifest} for {pull.name}", "HTTP 200, or 404 in the registry's own words"
        yield Check("manifest with login", pull.manifest.serves_manifest, actual, expected)
    elif seen.anonymous:
        yield Check("health login", False, "password not readable", "a password")


def dns_check(names: Names, address: str) -> Check:
    """Any other address leads clients elsewhere. An IPv6 address always does: the host has none."""
    more = len(names.addresses) - 3
    shown = ", ".join(names.addresses[:3]) or names.problem or "no address"
    return Check("DNS", names.addresses == (address,), shown + (f" and {more} more" if more > 0 else ""), address)


def _shown_catalog(answer: Answer) -> str:
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
    readable = not sight.inside.is_unreadable
    yield Check("diagnose", readable, f"{facts.known} facts", f"at least {FEWEST_FACTS} facts")
    for name, expected in _WELL_HOST.items():
        actual = getattr(facts, name)
        if actual is not None:
            yield Check(f"host {name.replace('_', ' ')}", actual == expected, actual, expected)
    if outside_fails(sight):
        for name, expected in _ANSWERING_HOST.items():
            actual = getattr(facts, name)
            if actual is not None:
                yield Check(f"host {name}", actual == expected, _shown_http(actual), f"HTTP {expected}")
    if sight.engine_hangs:
        yield Check("host docker answer", False, "none", "the state of the registry container")
    yield from _measured(facts)
    if facts.catalog is not None:
        actual = f"HTTP {facts.catalog}" if facts.catalog else "no answer"
        yield Check("host /v2/_catalog", facts.catalog == 200, actual, "HTTP 200")
    served, on_disk = sight.outside.served, facts.certificate_fingerprint
    if facts.acme not in (None, "ok") and (not served or served.trust != "ok" or sight.expires_soon):
        yield Check("last renewal", False, str(facts.acme), "ok")
    if on_disk and served and served.fingerprint:
        same, shown = served.fingerprint == on_disk, served.fingerprint[:16]
        yield Check("certificate served", same, shown, f"{on_disk[:16]} as on disk")
    # Only beside something that failed: an old line proves nothing about now.
    if facts.registry_log and (facts.registry != "running" or facts.catalog not in (200, None)):
        yield Check("registry log", False, facts.registry_log, "no error")


def _shown_http(answer: str) -> str:
    return f"HTTP {answer}" if answer.isdecimal() else answer


def _measured(facts: Facts) -> Iterator[Check]:
    disk, memory = facts.disk_used_percent, facts.memory_available_percent
    clock, restarts = facts.clock_offset_seconds, facts.registry_restarts
    if disk is not None:
        yield Check("host disk used", disk < FULL_DISK_PERCENT, f"{disk} %", f"below {FULL_DISK_PERCENT} %")
    if memory is not None:
        ok, least = memory >= LEAST_MEMORY_PERCENT, f"at least {LEAST_MEMORY_PERCENT} %"
        yield Check("host memory available", ok, f"{memory} %", least)
    if clock is not None:
        yield Check("host clock", not is_wrong_clock(facts), f"{clock} s off", f"within {CLOCK_SECONDS} s")
    if facts.slow_listings is not None:
        actual = f"{facts.slow_listings}, the longest {facts.longest_listing_seconds or 0} s"
        expected = f"fewer than {SLOW_LISTINGS} above {SLOW_LISTING_SECONDS} s in an hour"
        ok = facts.slow_listings < SLOW_LISTINGS
        yield Check("slow listings", ok, actual if facts.slow_listings else "0", expected)
    if facts.reboot_due_days is not None:
        ok = facts.reboot_due_days < LONGEST_DUE_DAYS
        yield Check("reboot due", ok, f"for {facts.reboot_due_days} days", f"for less than {LONGEST_DUE_DAYS} days")
    # Restarts long ago do no harm. The count matters while the registry is not up.
    if restarts is not None and (facts.registry != "running" or facts.engine == "refused"):
        yield Check("registry restarts", restarts < CRASHES, str(restarts), f"fewer than {CRASHES}")
