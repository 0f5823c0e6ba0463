"""Everything that a diagnosis is made from: the view from outside, and the host's own facts."""

from dataclasses import dataclass
from datetime import datetime

from lambdas.see.facts import Facts
from lambdas.see.probe import Outside
from lambdas.see.run_command import Delivery, Reply

# The renewal is started when a third is left.
EXPIRING_LIFE_LEFT = 1 / 5
# A host that prints less than half of its lines is too old or too ill to be believed.
FEWEST_FACTS = 10


@dataclass(frozen=True, slots=True)
class Inside:
    delivery: Delivery
    facts: Facts
    asked: tuple[str, ...] = ()
    """The hosts that were asked."""

    @property
    def is_unreadable(self) -> bool:
        return self.delivery == Delivery.ANSWERED and self.facts.known < FEWEST_FACTS


def read_inside(reply: Reply) -> Inside:
    """Of several hosts, the one that has the address counts: clients meet that one."""
    read = [Facts.read(output.stdout) for output in reply.outputs]
    read.sort(key=lambda facts: (facts.address != "held", -facts.known))
    return Inside(reply.delivery, read[0] if read else Facts(), reply.asked)


@dataclass(frozen=True, slots=True)
class Sight:
    """``inside`` is ``None`` if the host was not asked."""

    address: str
    outside: Outside
    inside: Inside | None
    now: datetime

    @property
    def facts(self) -> Facts:
        return self.inside.facts if self.inside else Facts()

    @property
    def asked(self) -> tuple[str, ...]:
        """The hosts that Run Command has asked."""
        return self.inside.asked if self.inside else ()

    @property
    def is_silent_inside(self) -> bool:
        return self.inside is not None and self.inside.delivery.is_silence

    @property
    def shows_life(self) -> bool:
        """A refused connection is an answer too: the host's kernel gave it."""
        seen = self.outside
        refused = "refused" in (seen.port_443, seen.port_80) or seen.port_80 == "open"
        shook_hands = seen.served is not None and seen.served.trust != "no-handshake"
        answered = [answer.status is not None for answer in seen.answers]
        return refused or (shook_hands and (not answered or any(answered)))

    @property
    def expires_soon(self) -> bool:
        left = self.outside.served.life_left(self.now) if self.outside.served else None
        return left is not None and left < EXPIRING_LIFE_LEFT

    @property
    def engine_hangs(self) -> bool:
        """Docker runs, but did not tell the container's state."""
        facts = self.facts
        return facts.docker == "active" and facts.registry is None and facts.known >= FEWEST_FACTS
