"""Two independent looks at whether clients are refused, and which interrupting repairs they allow. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from lambdas.judge.causes import RepairStep
from lambdas.judge.sight import Sight
from lambdas.see.facts import Facts
from lambdas.see.probe import Outside, Pull
from lambdas.see.run_command import Delivery


class OutsideSays(StrEnum):
    """What a client gets, seen from outside."""

    SERVED = "served"
    """The login and a manifest."""

    PARTLY = "partly"
    """One of the two."""

    REFUSED = "refused"
    """Neither, and something refused: a port, a certificate or an answer."""

    SILENT = "silent"
    """Neither in time."""

    UNKNOWN = "unknown"
    """Not asked: the health user's password could not be read."""


class InsideSays(StrEnum):
    """The host's own look at the same question."""

    AGREES = "agrees"
    """Clients are refused: a unit or the container does not run, or a part does not answer on the host itself."""

    WELL = "well"
    """Front door and registry answer on the host itself."""

    UNREADABLE = "unreadable"
    """The host runs the verb, and its output is none of it."""

    GONE = "gone"
    """Systems Manager gets no answer, and no port shows life."""

    UNKNOWN = "unknown"
    """No observation: throttled, not reached on a host that shows life, or the decisive facts are missing."""


CLOCK_SECONDS = 60
_ALL = frozenset(RepairStep)
_NONE: frozenset[RepairStep] = frozenset()

# The steps that may interrupt clients; any other pair allows none. A repair that interrupts nobody needs no evidence.
MAY_INTERRUPT: Mapping[tuple[OutsideSays, InsideSays], frozenset[RepairStep]] = {
    (OutsideSays.REFUSED, InsideSays.AGREES): _ALL,
    (OutsideSays.SILENT, InsideSays.AGREES): _ALL,
    # Refused by an answer, not by time: a loaded host whose diagnosis comes out short would look silent.
    (OutsideSays.REFUSED, InsideSays.UNREADABLE): _ALL,
    # The verbs of the smaller steps cannot run there.
    (OutsideSays.REFUSED, InsideSays.GONE): frozenset({RepairStep.INSTANCE}),
    (OutsideSays.SILENT, InsideSays.GONE): frozenset({RepairStep.INSTANCE}),
}


@dataclass(frozen=True, slots=True)
class Evidence:
    outside: OutsideSays = OutsideSays.UNKNOWN
    inside: InsideSays = InsideSays.UNKNOWN

    @property
    def may_interrupt(self) -> frozenset[RepairStep]:
        return MAY_INTERRUPT.get((self.outside, self.inside), _NONE)


NO_EVIDENCE = Evidence()


def weigh(sight: Sight) -> Evidence:
    return Evidence(judge_outside(sight.outside), judge_inside(sight))


def judge_outside(outside: Outside) -> OutsideSays:
    if outside.port_443 != "open":
        return OutsideSays.REFUSED if outside.port_443 == "refused" else OutsideSays.SILENT
    if outside.served and outside.served.trust != "ok":
        return OutsideSays.SILENT if outside.served.is_late else OutsideSays.REFUSED
    return judge_pull(outside.pull) if outside.pull else OutsideSays.UNKNOWN


def judge_pull(pull: Pull) -> OutsideSays:
    served = (pull.login.lets_in, pull.manifest.serves_manifest)
    if any(served):
        return OutsideSays.SERVED if all(served) else OutsideSays.PARTLY
    return OutsideSays.SILENT if pull.login.is_late and pull.manifest.is_late else OutsideSays.REFUSED


def client_is_served_again(pull: Pull, *, with_login: bool) -> bool:
    """The last look before a repair that interrupts. Without a login, any answer is as much as a client can get."""
    if with_login:
        return judge_pull(pull) in (OutsideSays.SERVED, OutsideSays.PARTLY)
    return any(answer.status is not None for answer in (pull.login, pull.manifest))


def judge_inside(sight: Sight) -> InsideSays:
    if sight.inside is None:
        return InsideSays.UNKNOWN
    if sight.inside.delivery != Delivery.ANSWERED:
        return InsideSays.GONE if sight.is_silent_inside and not sight.shows_life else InsideSays.UNKNOWN
    if sight.inside.is_unreadable:
        return InsideSays.UNREADABLE
    facts = sight.facts
    if _refuses_clients(facts):
        return InsideSays.AGREES
    # A host of an earlier version does not know its door: what it does not say is neither agreement nor health.
    return InsideSays.WELL if facts.door and facts.engine == "200" else InsideSays.UNKNOWN


def _refuses_clients(facts: Facts) -> bool:
    """What is wrong with the host itself. A slow or failing S3 is not: no other host would serve better."""
    stopped = is_stopped(facts.nginx) or is_stopped(facts.auth) or facts.registry not in (None, "running")
    # AWS refuses what a wrong clock has signed.
    broken = facts.users_file == "missing" or facts.resolver == "broken" or is_wrong_clock(facts)
    shut = facts.door not in (None, "401")
    if facts.engine == "503":
        # The registry answers: its own checks of S3 fail. The login and the list of a host whose S3 fails say no more.
        return stopped or broken or shut
    mute = facts.login not in (None, "200") or facts.engine not in (None, "200")
    # Of a host that does not know the engine: 0 is a refused connection, and a late list is unknown.
    failing = facts.engine is None and facts.catalog is not None and (facts.catalog == 0 or facts.catalog >= 500)
    return stopped or broken or shut or mute or failing


def is_stopped(unit: str | None) -> bool:
    return unit not in (None, "active", "reloading")


def is_wrong_clock(facts: Facts) -> bool:
    return abs(facts.clock_offset_seconds or 0) > CLOCK_SECONDS
