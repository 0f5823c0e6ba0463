"""Seconds until a registry of a thousand tags is in ours and verified, beside `skopeo sync` alone, in one room."""

import argparse
import base64
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
from rehearsal.room.registry_server import PROGRAM, SERVER, filesystem, start_registry

PROJECT = Path(__file__).resolve().parents[1]
OLD, FOLDER, HTPASSWD = "127.0.0.1:5300", "/srv/old", "/srv/old.htpasswd"
USER, PASSWORD = "bench", "a password of the bench"
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
        room.place("/srv/sync.yml").write_text(json.dumps({OLD: {"tls-verify": False, "images": tags}}))
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
        hashed = door.hash_password(room, PASSWORD)
        for access in ("push", "pull"):
            door.write_users(room, access, {USER: hashed})
        start_registry(room, "registry", door.BEHIND, filesystem("/srv/images"))
        door.start_door(room)
        _start_old(room)
        room.run("sh", "-c", f"echo 127.0.0.1 {door.DOMAIN} >> /etc/hosts; cat {door.CERTIFICATE} >> /srv/trusted")
        login = {"auth": base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()}
        logins = room.logs.parent / "logins"
        for folder in (logins, room.place("/root/.docker")):
            folder.mkdir(parents=True)
            (folder / "config.json").write_text(json.dumps({"auths": {OLD: login, door.DOMAIN: login}}))
        yield room, logins


def _start_old(room: Room) -> None:
    folder = room.place(FOLDER)
    folder.mkdir()
    bucket.prepare(folder)
    for repository in REPOSITORIES:
        bucket.write_images(folder, repository, 0, IMAGES)
    room.run("chown", "-R", f"{SERVER}:{SERVER}", FOLDER)
    room.place(HTPASSWD).write_text(f"{USER}:{door.hash_password(room, PASSWORD, OLD_COST)}\n")
    password = {"auth": {"htpasswd": {"realm": "old", "path": HTPASSWD}}}
    start_registry(room, "old", OLD, filesystem(FOLDER), changes=password)


def _tags(room: Room) -> dict[str, list[str]]:
    place = room.place(FOLDER) / bucket.REPOSITORIES
    return {name: sorted(each.name for each in (place / name / "_manifests/tags").iterdir()) for name in REPOSITORIES}


def _sync(room: Room, folder: str) -> None:
    command = ("skopeo", "sync", "--all", "--src=yaml", "--dest=docker", "/srv/sync.yml", f"{door.DOMAIN}/{folder}")
    environment = {"HOME": "/root", "SSL_CERT_FILE": "/srv/trusted"}
    _run(room.command(command, environment), dict(os.environ))


def _migrate(room: Room, logins: Path, folder: str, *, copies: bool) -> None:
    """Raises RoomError: not all is there and verified, or it copied though all was there."""
    argv = [sys.executable, "-m", "migrate", f"http://{OLD}", "--to", door.DOMAIN, "--prefix", folder, "--yes"]
    told = _run(visitor.command(room, argv), {**os.environ, **visitor.trust(room), "DOCKER_CONFIG": str(logins)})
    if ("to copy" in told) != copies:
        raise RoomError(f"the migration did something else: {told}")


def _run(command: Sequence[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RoomError(f"{' '.join(command)} failed with {done.returncode}: {done.stdout[-500:]}{done.stderr[-1500:]}")
    return done.stdout


def _seconds(work: Callable[[], None]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began
