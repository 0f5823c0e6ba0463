"""From what was seen to one cause, with the evidence. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from lambdas.judge.causes import CAUSES, Cause
from lambdas.judge.checks import (
    CRASHES,
    FULL_DISK_PERCENT,
    LEAST_MEMORY_PERCENT,
    LONGEST_DUE_DAYS,
    SLOW_LISTINGS,
    Check,
    clients_fail,
    inside_checks,
    outside_checks,
    outside_fails,
)
from lambdas.judge.evidence import NO_EVIDENCE, Evidence, InsideSays, OutsideSays, is_stopped, is_wrong_clock, weigh
from lambdas.judge.sight import Sight
from lambdas.see.facts import Facts
from lambdas.see.http_answer import Answer
from lambdas.see.probe import Outside
from lambdas.see.run_command import Delivery


@dataclass(frozen=True, slots=True)
class Diagnosis:
    cause: Cause | None
    """``None`` if all is well."""

    checks: tuple[Check, ...] = ()
    is_down: bool = False
    """Clients feel it."""

    evidence: Evidence = NO_EVIDENCE


def diagnose(sight: Sight) -> Diagnosis:
    checks, evidence = (*outside_checks(sight), *inside_checks(sight)), weigh(sight)
    if all(check.ok for check in checks):
        return Diagnosis(None, checks, evidence=evidence)
    cause_id = next(cause_id for cause_id, explains in _explanations(sight, evidence) if explains)
    # Only the health check needs the health user: its login says nothing about other users.
    is_down = clients_fail(sight) and cause_id != "health-login-refused"
    return Diagnosis(CAUSES[cause_id], checks, is_down, evidence)


def _explanations(sight: Sight, evidence: Evidence) -> Iterator[tuple[str, bool]]:
    """Each row is a cause, and whether it explains what was seen.

    The first row that does names the cause, so a fault stands before the faults that it brings about.
    """
    seen, facts, failing = sight.outside, sight.facts, outside_fails(sight)
    trust, served = (seen.served.trust, seen.served.fingerprint) if seen.served else (None, "")
    on_disk, memory = facts.certificate_fingerprint, facts.memory_available_percent
    outdated = bool(served and on_disk and served != on_disk and facts.certificate == "ok")
    alive = seen.port_80 in ("open", "refused") or facts.nginx == "active"
    lost_address = facts.address in ("free", "elsewhere")
    delivery = sight.inside.delivery if sight.inside else None

    yield "dns-missing", not seen.names.addresses
    yield "dns-elsewhere", seen.names.addresses != (sight.address,)
    yield "host-gone", failing and sight.is_silent_inside and not sight.shows_life
    yield "disk-full", (facts.disk_used_percent or 0) >= FULL_DISK_PERCENT
    yield "memory-exhausted", memory is not None and memory < LEAST_MEMORY_PERCENT
    yield "clock-wrong", is_wrong_clock(facts)
    yield "nginx-config-broken", facts.nginx_config not in (None, "ok")
    yield "nginx-stopped", is_stopped(facts.nginx)
    yield "address-lost", seen.port_443 != "open" and lost_address
    yield "port-443-closed", seen.port_443 == "silent" and alive
    yield "docker-stopped", is_stopped(facts.docker) or sight.engine_hangs
    yield "certificate-not-served", outdated
    # Until a host has a certificate, it serves a placeholder that signs itself.
    yield "certificate-missing", facts.certificate == "absent" or trust == "self-signed"
    yield "certificate-expired", trust == "expired"
    yield "certificate-wrong-name", trust == "wrong-name"
    yield "certificate-untrusted", trust == "untrusted"
    yield "certificate-expired", facts.certificate == "expired"
    yield "certificate-wrong-name", facts.certificate == "wrong-name"
    yield "users-missing", facts.users_file == "missing"
    yield "login-check-stopped", is_stopped(facts.auth)
    yield "host-resolver-broken", facts.resolver == "broken"
    yield "s3-denied", facts.s3 == "denied"
    yield "s3-bucket-missing", facts.s3 == "missing"
    yield "s3-unreachable", facts.s3 not in (None, "ok")
    yield "registry-crash-looping", _crashes(facts)
    yield "registry-stopped", facts.registry not in (None, "running")
    # A firewall on the host rejects. If instead nginx came back between the two looks, a row above has the cause.
    yield "port-443-closed", seen.port_443 == "refused" and facts.nginx == "active"
    yield "users-outdated", facts.users_file == "old"
    yield "ssm-offline", sight.is_silent_inside
    yield "diagnosis-unreadable", sight.inside is not None and sight.inside.is_unreadable
    yield "health-login-refused", _refuses_the_login(seen)
    yield "not-the-registry", _is_another_site(seen)
    yield "front-door-silent", trust == "no-handshake" or _is_mute(seen, evidence)
    yield "answers-slow", _is_slow(seen)
    yield "certificate-expiring", sight.expires_soon
    yield "address-lost", not failing and lost_address
    yield "ssm-offline", not failing and delivery not in (None, Delivery.ANSWERED)
    yield "listings-slow", evidence.outside == OutsideSays.SERVED and _lists_slowly(seen, facts)
    yield "reboot-due", not failing and (facts.reboot_due_days or 0) >= LONGEST_DUE_DAYS
    yield "unexplained", True


def _crashes(facts: Facts) -> bool:
    """Restarts long ago are none now, so the registry must refuse connections too."""
    refuses = facts.engine == "refused" if facts.engine else facts.catalog == 0
    often = (facts.registry_restarts or 0) >= CRASHES and refuses
    return facts.registry == "restarting" or (often and facts.registry not in (None, "absent"))


def _refuses_the_login(seen: Outside) -> bool:
    asks = seen.anonymous is not None and seen.anonymous.status == 401
    return asks and (seen.pull is None or seen.pull.login.status in (401, 403))


def _is_another_site(seen: Outside) -> bool:
    """A whole answer, but none that a registry or a failing registry would give."""

    def is_foreign(answer: Answer | None, *own: int) -> bool:
        status = answer.status if answer else None
        return status is not None and status < 500 and status not in own

    catalog = seen.catalog
    no_catalog = bool(catalog and catalog.status == 200 and not (catalog.is_well_catalog or catalog.is_late))
    login = seen.pull.login if seen.pull else None
    foreign = any(is_foreign(each, 200, 401, 403, 429) for each in (catalog, login))
    manifest = seen.pull.manifest if seen.pull else None
    no_manifest = manifest is not None and not (manifest.problem or manifest.serves_manifest)
    foreign_manifest = no_manifest and is_foreign(manifest, 401, 403, 429)
    return is_foreign(seen.anonymous, 401) or foreign or no_catalog or foreign_manifest


def _is_mute(seen: Outside, evidence: Evidence) -> bool:
    """What is asked at the front door gets no answer, and the host does not say that all of its parts are well."""
    if seen.anonymous is not None and seen.anonymous.status is None and not seen.anonymous.is_late:
        return True
    pulled = (seen.pull.login, seen.pull.manifest) if seen.pull else ()
    mute = bool(pulled) and all(answer.status is None for answer in pulled)
    return mute and not (evidence.outside == OutsideSays.SILENT and evidence.inside == InsideSays.WELL)


def _lists_slowly(seen: Outside, facts: Facts) -> bool:
    if seen.catalog is not None and not seen.catalog.is_well_catalog:
        return seen.catalog.is_late
    return (facts.slow_listings or 0) >= SLOW_LISTINGS


def _is_slow(seen: Outside) -> bool:
    asked = (seen.anonymous, *((seen.pull.login, seen.pull.manifest) if seen.pull else ()))
    return any(answer is not None and answer.is_late for answer in asked)
