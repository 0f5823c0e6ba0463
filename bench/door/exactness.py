"""Whether the front door's tags are exact: random changes and reads while servers stop and start (bench/exact)."""

import argparse
import datetime
import json
import os
import random
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench import page
from bench.door.setups import LOAD, ON_S3, PASSWORD, USER, build, driver, start_s3
from rehearsal.machine import fitness
from rehearsal.machine.root_layers import Say
from rehearsal.machine.workplace import Workplace
from rehearsal.machine.world.namespaces import children
from rehearsal.room import clock, door
from rehearsal.room.furnished import built, furnished
from rehearsal.room.isolation import Room, RoomError, door_root
from rehearsal.room.registry_server import start_registry

# Of each request to S3 and of each answer.
JITTER_MILLISECONDS = 20
SECONDS_BETWEEN_INCIDENTS = (0.5, 4)
# A low cost: every restart forgets the logins, and two cores check them.
BCRYPT_COST = 4
OPERATIONS = 100_000


@dataclass(frozen=True, slots=True)
class Mutant:
    """The front door with a fault: texts of its files and their replacements."""

    about: str
    changes: tuple[tuple[str, str, str], ...]


MUTANTS = (
    Mutant(
        "a new generation before the registry answers",
        (
            ("tags.js", "incr(key, 1)", "incr(key, oneGeneration)"),
            ("tags.js", "incr(key, oneGeneration - 1)", "incr(key, 0)"),
        ),
    ),
    Mutant(
        "a new generation after the answer, and cached reads until then",
        (
            ("tags.js", "incr(key, 1)", "incr(key, 0)"),
            ("tags.js", "incr(key, oneGeneration - 1)", "incr(key, oneGeneration)"),
        ),
    ),
    Mutant(
        "no new generation after a deletion by digest",
        (("door/caches.conf", "(?:manifests|blobs) DELETE ", "manifests DELETE [^:]*$"),),
    ),
    Mutant(
        "no generation in the key",
        (("door/images.conf", "$half_minute $generation_of_manifest /v2", "$half_minute /v2"),),
    ),
    Mutant(
        "a forgotten generation starts where it started before",
        (("tags.js", "return (random[0] + (random[1] % 16) * 4294967296) * oneGeneration;", "return oneGeneration;"),),
    ),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--operations", type=int, default=OPERATIONS, help=f"default: {OPERATIONS:,}")


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    """Returns False for a violation by the front door, or a mutant without one."""
    workplace = Workplace.of_this_machine()
    fitness.make_fit(workplace, say)
    with stand(workplace, say) as room:
        told = run(room, arguments.operations)
        say(f"{told['operations']:,} operations, {len(told['violations'])} violations")
        caught = {mutant.about: run_mutant(room, mutant, arguments.operations) for mutant in MUTANTS}
    violations, missed = len(told["violations"]), sum(not each["violations"] for each in caught.values())
    sections = {"The front door": text_of(told), "Front doors with a fault": mutant_table(caught)}
    targets = [
        page.Target(f"violations in {told['operations']:,} operations", 0, [violations + told["undecided"]]),
        page.Target("front doors with a fault that were not noticed", 0, [missed]),
    ]
    page.report(arguments.output, "exactness", sections, targets)
    return not (violations or told["undecided"] or missed)


@contextmanager
def stand(workplace: Workplace, say: Say) -> Iterator[Room]:
    """The front door before a registry on an S3 of random delays, until the end of the block. Raises RoomError: a
    program cannot be built."""
    programs = built(workplace, ON_S3, say)
    programs |= {place: build(workplace, name, say) for place, name in ((LOAD, "load"), ("/opt/exact", "exact"))}
    with furnished(door_root(workplace, say), programs) as room:
        start_s3(room, delay_milliseconds=0, jitter_milliseconds=JITTER_MILLISECONDS)
        hashed = door.hash_password(room, PASSWORD, BCRYPT_COST)
        for access in ("push", "pull"):
            door.write_users(room, access, {USER: hashed})
        start_the_registry(room)
        door.start_door(room, clock.ENVIRONMENT)
        yield room


def start_the_registry(room: Room) -> None:
    # Without its cache of descriptors, which is not exact: a deletion by digest forgets the manifest first and deletes
    # it then (3.1.2, cachedBlobStatter.Clear), so a read between brings it back.
    uncached = {"storage": {"cache": {"blobdescriptor": ""}}}
    start_registry(room, "registry", door.BEHIND, driver("s3", "ours"), changes=uncached)


def run(room: Room, operations: int, first: int = 0, *options: str) -> Mapping[str, Any]:
    """The result of bench/exact, while servers stop and start."""
    flags = (f"-operations={operations}", f"-first={first}", f"-user={USER}", f"-password={PASSWORD}")
    with incidents(room):
        told = room.run("/opt/exact", "-url=https://localhost", *flags, *options)
    result: Mapping[str, Any] = json.loads(told.stdout)
    return result


def run_mutant(room: Room, mutant: Mutant, operations: int) -> Mapping[str, Any]:
    """The same with the mutant, until its first violation. Raises RoomError: a text to replace is not there."""
    for name, old, new in mutant.changes:
        file = room.place(f"/etc/nginx/{name}")
        text = file.read_text()
        if text.count(old) != 1:
            raise RoomError(f"{name} has {text.count(old)} times the text that a mutant replaces: {old}")
        file.write_text(text.replace(old, new))
    room.stop("nginx")
    door.start_nginx(room, clock.ENVIRONMENT)
    try:
        return run(room, operations, 1000 * (1 + MUTANTS.index(mutant)), "-stop", "-epoch=2000")
    finally:
        door.place_files(room)
        room.stop("nginx")
        door.start_nginx(room, clock.ENVIRONMENT)


@contextmanager
def incidents(room: Room) -> Iterator[None]:
    """One after the other at random, until the end of the block."""
    ended = threading.Event()
    incident: tuple[Callable[[Room], None], ...] = (
        reload,
        restart_nginx,
        kill_a_worker,
        restart_registry,
        step_the_clock,
    )

    def happen() -> None:
        while not ended.wait(random.uniform(*SECONDS_BETWEEN_INCIDENTS)):  # noqa: S311
            random.choice(incident)(room)  # noqa: S311

    thread = threading.Thread(target=happen)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def reload(room: Room) -> None:
    room.send("nginx", signal.SIGHUP)


def restart_nginx(room: Room) -> None:
    room.stop("nginx")
    door.start_nginx(room, clock.ENVIRONMENT)


def kill_a_worker(room: Room) -> None:
    # One that a reload ends may be gone by now.
    for pid in children(room.pid_of("nginx"))[:1]:
        os.kill(pid, signal.SIGKILL)


def step_the_clock(room: Room) -> None:
    """nginx's, an hour ahead or back. It stays within two hours of the machine's."""
    hour = 3600
    clock.step(room, -hour if clock.seconds_ahead(room) >= hour else hour)


def restart_registry(room: Room) -> None:
    room.stop("registry")
    start_the_registry(room)


def text_of(told: Mapping[str, Any]) -> str:
    """What was done, and the first violations line by line."""
    about = (
        f"{datetime.date.today().isoformat()}, {told['seconds']:.0f} s. Random operations of 32 clients, on an S3 that "
        f"takes up to {JITTER_MILLISECONDS} ms before and after each request. At random, nginx reloads and restarts, a "
        "worker is killed, the registry restarts, and nginx's clock goes an hour ahead or back. A register for each "
        "tag, checked with porcupine. "
        f"Violations: {len(told['violations'])}. Undecided: {told['undecided']}."
    )
    rows = [[kind, f"{count:,}"] for kind, count in sorted(told["counts"].items())]
    histories = ["```\n" + "\n".join(lines) + "\n```" for lines in told["violations"][:3]]
    return "\n\n".join([about, page.table(("operation", "count"), rows), *histories])


def mutant_table(caught: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [[about, f"{told['operations']:,}", str(len(told["violations"]))] for about, told in caught.items()]
    return page.table(("fault", "operations until the first violation was seen", "tags with violations"), rows)
