"""What a soak came to, as tables and targets. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bench import page
from bench.page import Target
from bench.soak.clients import Operation
from bench.soak.killer import Kill
from bench.soak.prober import Outage
from bench.soak.verification import Loss

PROCESS_OUTAGE_SECONDS, OUTAGE_SECONDS = 10, 60
KILLS_IN_HALF_AN_HOUR = 100
NOTHING = "nothing yet"
HOST = "host"
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Soak:
    """``minutes`` of load and kills; ``promised`` is how many references of the ledger were pulled back."""

    minutes: float
    seed: int
    operations: Sequence[Operation]
    acknowledged: int
    kills: Sequence[Kill]
    outages: Sequence[Outage]
    promised: int
    lost: Sequence[Loss]
    broken: Sequence[str]

    @property
    def holds(self) -> bool:
        """Whether nothing acknowledged is lost, and this was looked at: all clients worked, and every kill hit."""
        return not (self.lost or self.broken or self.missed) and self.promised > 0

    @property
    def missed(self) -> tuple[Kill, ...]:
        return tuple(kill for kill in self.kills if kill.missed)

    def last_victim(self, moment: float) -> str:
        """Of the last kill before the moment."""
        before = [kill.victim for kill in self.kills if kill.at <= moment]
        return before[-1] if before else NOTHING

    def longest_outage(self, *victims: str) -> float:
        """In seconds, of those that began after a kill of these victims."""
        found = (each.seconds for each in self.outages if self.last_victim(each.ended - 0.01) in victims)
        return max(found, default=0.0)


def targets(soak: Soak) -> list[Target]:
    kinds = {kill.victim for kill in soak.kills}
    least = round(KILLS_IN_HALF_AN_HOUR * soak.minutes / 30)
    return [
        Target("acknowledged pushes lost or changed", 0, [len(soak.lost)]),
        Target("kills", least, [len(soak.kills) - len(soak.missed)], at_least=True),
        Target("pushes and pulls that failed for good, however often repeated", 0, [_given_up(soak.operations)]),
        Target(
            "longest outage for new connections, a process or the way to S3 killed",
            PROCESS_OUTAGE_SECONDS,
            [soak.longest_outage(*kinds - {HOST})],
            unit=" s",
        ),
        Target("the same, the host killed", OUTAGE_SECONDS, [soak.longest_outage(HOST)], unit=" s"),
    ]


def sections(soak: Soak) -> dict[str, str]:
    found = {"The run": _run(soak), "Clients": _clients(soak), "Kills": _kills(soak)}
    never = [each for each in soak.operations if each.given_up]
    troubles = [
        *(f"lost: {loss.reference}, pushed by {loss.push.client}: {loss.why}" for loss in soak.lost),
        *(f"a client stopped: {text}" for text in soak.broken),
        *(f"never succeeded: {each.work} by {each.client}: {each.failures[-1].said}" for each in never),
        *(f"a kill hit nothing: {kill.victim}: {kill.missed}" for kill in soak.missed),
    ]
    return found | {"Trouble": "\n".join(f"- {line}" for line in troubles[:SHOWN]) or "None."}


def _run(soak: Soak) -> str:
    pushes = sum(each.work == "push" for each in soak.operations)
    rows = [
        ["minutes", page.number(soak.minutes)],
        ["seed", str(soak.seed)],
        ["pushes", f"{pushes:,}"],
        ["pulls, with their bytes checked", f"{len(soak.operations) - pushes:,}"],
        ["kills", str(len(soak.kills) - len(soak.missed))],
        ["acknowledged pushes", f"{soak.acknowledged:,}"],
        ["tags and digests pulled back afterwards", f"{soak.promised:,}"],
        ["of these lost or changed", str(len(soak.lost))],
        ["operations that failed in spite of the client's own retries", str(_failed(soak.operations, 1))],
        ["of these, failed again when they were repeated at once", str(_failed(soak.operations, 2))],
        ["of these, never succeeded", str(_given_up(soak.operations))],
        ["longest outage for new connections, s", page.number(max((o.seconds for o in soak.outages), default=0.0))],
    ]
    return page.table(("what", "how many"), rows)


def _clients(soak: Soak) -> str:
    rows = []
    for client, work in sorted({(each.client, each.work) for each in soak.operations}):
        did = [each for each in soak.operations if (each.client, each.work) == (client, work)]
        counts = (len(did), _failed(did, 1), _failed(did, 2), _given_up(did))
        rows.append([client, work, *map(str, counts)])
    header = ("client", "work", "operations", "failed with the client's own retries", "and when repeated", "for good")
    return page.table(header, rows)


def _kills(soak: Soak) -> str:
    kills = Counter(kill.victim for kill in soak.kills if not kill.missed)
    rows = []
    for victim, count in kills.most_common():
        failed = [
            each for each in soak.operations if each.failures and soak.last_victim(each.failures[0].ended) == victim
        ]
        counts = (count, *(sum(each.work == work for each in failed) for work in ("push", "pull")))
        clients = ", ".join(f"{client} {times}" for client, times in Counter(each.client for each in failed).items())
        said = _most_common([each.failures[0].said for each in failed])
        rows.append([victim, *map(str, counts), page.number(soak.longest_outage(victim)), clients, said])
    header = ("victim", "kills", "pushes failed after it", "pulls", "longest outage, s", "of the client", "which said")
    return page.table(header, rows)


def _most_common(said: Sequence[str]) -> str:
    """The end of it, because the beginning names the image."""
    ends = Counter(each[-90:].replace("|", "¦") for each in said)
    return ends.most_common(1)[0][0] if ends else ""


def _failed(operations: Sequence[Operation], times: int) -> int:
    return sum(len(each.failures) >= times for each in operations)


def _given_up(operations: Sequence[Operation]) -> int:
    return sum(each.given_up for each in operations)
