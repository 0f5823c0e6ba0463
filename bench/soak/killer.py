"""Kills at random, in an order that a seed repeats: a bag of victims is shuffled, emptied and filled again."""

import random
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError

from rehearsal.error import RehearsalError


class MissedError(RehearsalError):
    """There was nothing to kill, or it outlived it."""


@dataclass(frozen=True, slots=True)
class Victim:
    """``strike`` kills one and returns what it was, or raises MissedError. ``share`` is how many are in the bag. Within
    ``recovery_seconds`` everything is to be well again."""

    name: str
    strike: Callable[[random.Random], str]
    share: int = 1
    recovery_seconds: float = 60


@dataclass(frozen=True, slots=True)
class Kill:
    """``at`` is in seconds since 1970. ``missed`` is empty if ``what`` was killed."""

    at: float
    victim: str
    what: str
    missed: str = ""

    def __str__(self) -> str:
        return f"{self.victim}: {f'MISSED: {self.missed}' if self.missed else self.what}"


def order(victims: Sequence[Victim], chance: random.Random) -> Iterator[Victim]:
    """Without an end."""
    bag = [victim for victim in victims for _ in range(victim.share)]
    while True:
        yield from chance.sample(bag, len(bag))


def kill(victim: Victim, chance: random.Random) -> Kill:
    at = time.time()
    try:
        return Kill(at, victim.name, victim.strike(chance))
    except (RehearsalError, ClientError, subprocess.TimeoutExpired) as missed:
        return Kill(at, victim.name, "", str(missed))
