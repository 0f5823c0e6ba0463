"""Rounds of all measurements of all set-ups, each round in another order, and their medians."""

import itertools
import statistics
import time
from collections import defaultdict
from dataclasses import dataclass, field

from bench.door import measure, tags
from bench.door.generators import Numbers, load, wrk
from bench.door.measure import Size
from bench.door.setups import BARE, OURS, TUTORIAL, Setup, Stand, without_redirect
from rehearsal.machine.root_layers import Say

# Layers from S3 are redirects. Layers from a file system are measured as layers.
KINDS = {"filesystem": ("/v2/", "tag", "digest"), "s3": ("/v2/", "tag", "digest", "blob")}

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Results:
    """Samples by (storage, measurement, set-up) and then by the number's name."""

    samples: dict[Key, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    unfinished: set[Key] = field(default_factory=set)

    def add(self, storage: str, measurement: str, setup: str, numbers: Numbers | None) -> None:
        for name, value in (numbers or {}).items():
            self.samples[storage, measurement, setup][name].append(value)

    def has(self, storage: str, setup: str) -> bool:
        """Whether anything of the set-up was measured on the storage."""
        return any((key[0], key[2]) == (storage, setup) for key in self.samples)

    def median(self, storage: str, measurement: str, setup: str, number: str) -> float | None:
        samples = self.samples.get((storage, measurement, setup), {}).get(number)
        return statistics.median(samples) if samples else None

    def ratio(self, storage: str, measurement: str, number: str, setup: str, to: str) -> float | None:
        return quotient(*(self.median(storage, measurement, name, number) for name in (setup, to)))


def quotient(one: float | None, other: float | None) -> float | None:
    return one / other if one is not None and other else None


def measure_stand(stand: Stand, results: Results, rounds: int, size: Size, say: Say) -> None:
    for setup in stand.setups:
        stand.image[setup.name] = load(stand, setup, "image")
    for number in range(rounds):
        started = time.monotonic()
        turn = number % len(stand.setups)
        for setup in (*stand.setups[turn:], *stand.setups[:turn]):
            measure_setup(stand, setup, results, size, number)
        ceiling(stand, results, size)
        say(f"{stand.storage}: round {number + 1} of {rounds}, {time.monotonic() - started:.0f} s")
    if stand.storage == "s3":
        without_redirect(stand)
        for _ in range(rounds):
            pulled = measure.layers(stand, stand.ours(), {1: size.push_megabytes[1]})["pull 1"]
            results.add("s3", "pull without redirect", OURS, pulled)


def measure_setup(stand: Stand, setup: Setup, results: Results, size: Size, number: int) -> None:
    def add(measurement: str, numbers: Numbers | None) -> None:
        results.add(stand.storage, measurement, setup.name, numbers)

    often = number < size.slow_rounds or not setup.slow
    if often:
        for kind, connections in itertools.product(KINDS[stand.storage], size.connections):
            add(f"{kind} {connections}", measure.requests(stand, setup, kind, connections, size.wrk_seconds))
    if setup.name in (BARE, OURS):
        for count in tags.COUNTS:
            add(f"tags {count}", tags.many(stand, setup, count, size.wrk_seconds))
        add("HEAD", tags.head(stand, setup, size.wrk_seconds))
    # Where each password is checked, a storm takes minutes: one is enough.
    if number == 0 or not setup.slow:
        numbers = measure.storm(stand, setup, size.storm_clients, number)
        if numbers is None:
            results.unfinished.add((stand.storage, "storm", setup.name))
        add("storm", numbers)
    # The tutorial's layers are slow, and no target is about them.
    if often or setup.name != TUTORIAL:
        for measurement, moved in measure.layers(stand, setup, size.push_megabytes).items():
            add(measurement, moved)
    if stand.storage == "filesystem":
        add("handshakes", measure.handshakes(stand, setup, size.wrk_seconds))
        add("guessing", measure.guessing(stand, setup, max(2, size.wrk_seconds)))
        if setup.name == OURS:
            add("waiting", measure.waiting(stand, setup, number))
    if number == 0 and setup.name == OURS:
        if stand.storage == "s3":
            add("fresh", tags.fresh(stand, setup, size.pushes))
        else:
            add("memory", tags.memory(stand, setup))


def ceiling(stand: Stand, results: Results, size: Size) -> None:
    for name, url in (("plain", "http://127.0.0.1:8090/"), ("TLS", "https://127.0.0.1:8091/")):
        results.add(stand.storage, "ceiling", name, wrk(stand, url, 64, size.wrk_seconds))
