"""Seconds until a registry of a thousand tags is in ours and verified, beside `skopeo sync` alone, in one room."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench import page
from bench.page import Target
from rehearsal.age import bucket
from rehearsal.machine import fitness, parts, roots
from rehearsal.machine.root_layers import Say
from rehearsal.machine.workplace import Workplace
from rehearsal.room import door, visitor
from rehearsal.room.furnished import built, furnished
from rehearsal.room.isolation import Room, RoomError, cache, door_root
from rehearsal.room.old_registry import HAND_MADE, Login, save_logins, start_hand_made
from rehearsal.room.old_registry import IMAGES as OLD_IMAGES
from rehearsal.room.registry_server import PROGRAM, StorageDriver, filesystem, start_registry

PROJECT = Path(__file__).resolve().parents[2]
LOGIN = Login("bench", "a password of the bench")
REPOSITORIES = tuple(f"team/service-{number}" for number in range(4))
# With six tags each, and signatures.
IMAGES = 42
ROUNDS = 3
# `htpasswd -B` without another option.
OLD_COST = 5
MOST_TIMES_OF_SKOPEO = 1


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    """Returns whether it takes no longer than skopeo alone, each time."""
    workplace = Workplace.of_this_machine()
    fitness.make_fit(workplace, say)
    # A room has no way to the internet.
    subprocess.run([sys.executable, "-c", "from migrate import regsync; regsync.program()"], cwd=PROJECT, check=True)
    with _stand(workplace, say) as (room, logins):
        tags = _tags(room)
        count = sum(map(len, tags.values()))
        version = room.run("skopeo", "--version").stdout.split()[-1]
        room.place("/srv/sync.yml").write_text(json.dumps({HAND_MADE: {"tls-verify": False, "images": tags}}))
        rows, ratios = [], []
        for number in range(1, ROUNDS + 1):
            skopeo = _seconds(partial(_sync, room, f"skopeo-{number}"))
            ours = _seconds(partial(_migrate, room, logins, f"ours-{number}", copies=True))
            again = _seconds(partial(_migrate, room, logins, f"ours-{number}", copies=False))
            ratios.append(ours / skopeo)
            rows.append([str(number), f"{skopeo:.1f}", f"{ours:.1f}", f"{ours / skopeo:.2f}", f"{again:.1f}"])
            say(" | ".join(rows[-1]))
    header = ("round", f"skopeo sync {version}: seconds", "migrate, verified: seconds", "ratio", "again: seconds")
    load = f"Load of the machine's {os.cpu_count()} processors at the end: {os.getloadavg()[1]:.1f} in five minutes."
    title = f"{count:,} tags of {len(REPOSITORIES)} repositories, from a registry on the same machine"
    about = f"times of `skopeo sync` alone for {count:,} tags, verification included (median)"
    targets = [Target(about, MOST_TIMES_OF_SKOPEO, [statistics.median(ratios)])]
    return page.report(arguments.output, "migrate", {title: f"{page.table(header, rows)}\n\n{load}"}, targets)


@contextmanager
def _stand(workplace: Workplace, say: Say) -> Iterator[tuple[Room, Path]]:
    """An old registry with a password beside the front door, and the folder of `docker login`'s file."""
    programs = built(workplace, {PROGRAM: parts.REGISTRY}, say)
    below = door_root(workplace, say)
    own = replace(workplace, cache=cache())
    with furnished(roots.with_packages(own, below, f"{below.name}-skopeo", ("skopeo",), say), programs) as room:
        start_ours(room, filesystem("/srv/images"))
        _start_old(room)
        room.run("sh", "-c", f"echo 127.0.0.1 {door.DOMAIN} >> /etc/hosts; cat {door.CERTIFICATE} >> /srv/trusted")
        logins = room.logs.parent / "logins"
        for folder in (logins, room.place("/root/.docker")):
            save_logins(folder, dict.fromkeys((HAND_MADE, door.DOMAIN), LOGIN))
        yield room, logins


def start_ours(room: Room, storage: StorageDriver) -> None:
    hashed = door.hash_password(room, LOGIN.password)
    for access in ("push", "pull"):
        door.write_users(room, access, {LOGIN.user: hashed})
    start_registry(room, "registry", door.BEHIND, storage)
    door.start_door(room)


def _start_old(room: Room) -> None:
    folder = room.place(OLD_IMAGES)
    folder.mkdir()
    bucket.prepare(folder)
    for repository in REPOSITORIES:
        bucket.write_images(folder, repository, 0, IMAGES)
    start_hand_made(room, LOGIN, OLD_COST)


def _tags(room: Room) -> dict[str, list[str]]:
    place = room.place(OLD_IMAGES) / bucket.REPOSITORIES
    return {name: sorted(each.name for each in (place / name / "_manifests/tags").iterdir()) for name in REPOSITORIES}


def _sync(room: Room, folder: str) -> None:
    command = ("skopeo", "sync", "--all", "--src=yaml", "--dest=docker", "/srv/sync.yml", f"{door.DOMAIN}/{folder}")
    environment = {"HOME": "/root", "SSL_CERT_FILE": "/srv/trusted"}
    _run(room.command(command, environment), dict(os.environ))


def _migrate(room: Room, logins: Path, folder: str, *, copies: bool) -> None:
    """Raises RoomError: not all is there and verified, or it copied though all was there."""
    told = _run(*command(room, logins, "--prefix", folder))
    if ("to copy" in told) != copies:
        raise RoomError(f"the migration did something else: {told}")


def command(room: Room, logins: Path, *options: str) -> tuple[list[str], dict[str, str]]:
    """`python -m migrate` from the old registry to the front door, and its environment."""
    argv = [sys.executable, "-m", "migrate", f"http://{HAND_MADE}", "--to", door.DOMAIN, "--yes", *options]
    return visitor.command(room, argv), {**os.environ, **visitor.trust(room), "DOCKER_CONFIG": str(logins)}


def _run(command: Sequence[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RoomError(f"{' '.join(command)} failed with {done.returncode}: {done.stdout[-500:]}{done.stderr[-1500:]}")
    return done.stdout


def _seconds(work: Callable[[], None]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began
