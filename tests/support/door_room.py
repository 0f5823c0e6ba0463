"""Rooms with the product's front door for tests, on machines that can open one."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.door import exactness
from rehearsal.machine import parts, roots
from rehearsal.machine.parts import Recipe
from rehearsal.machine.root_layers import Root
from rehearsal.machine.workplace import Workplace
from rehearsal.room import door, s3
from rehearsal.room.furnished import furnished
from rehearsal.room.isolation import Room, door_root
from rehearsal.room.registry_server import PROGRAM, start_registry
from tests.support.door_client import PASSWORD_OF


def built(recipe: Recipe) -> Path:
    """The program. Without root, or where it cannot be built, the test is skipped."""
    if os.geteuid() != 0:
        pytest.skip("the front door runs in a Debian root and a network of its own, which need root")
    program = parts.prepare(Workplace.of_this_machine(), recipe, print).path
    if program is None:
        pytest.skip(f"{recipe.name} cannot be built here")
    return program


@contextmanager
def door_room(release: str = roots.RELEASE) -> Iterator[Room]:
    """A room of this Debian with the registry's program and the product's files. No server runs yet."""
    with room_of(lambda workplace: door_root(workplace, print, release)) as room:
        yield room


@contextmanager
def room_of(root: Callable[[Workplace], Root]) -> Iterator[Room]:
    """A room of this root with the registry's program and the product's files."""
    registry = built(parts.REGISTRY)
    with furnished(root(Workplace.of_this_machine()), {PROGRAM: registry}) as room:
        yield room


@contextmanager
def room_on_s3() -> Iterator[Room]:
    """The front door before a registry on an S3 of random delays (bench/door/exactness.py)."""
    for recipe in (parts.REGISTRY, parts.VERSITYGW):
        built(recipe)
    with exactness.stand(Workplace.of_this_machine(), print) as room:
        yield room


@contextmanager
def room_with_bad_days() -> Iterator[Room]:
    """The product's files, before a registry on an S3 that can have bad days. The front door does not run yet."""
    gateway = built(parts.VERSITYGW)
    with door_room() as room:
        shutil.copy(gateway, room.place(s3.PROGRAM))
        start_registry(room, "registry", door.BEHIND, s3.start(room))
        yield room


def write_users(room: Room) -> None:
    """The users of door_client.py. One of them may push."""
    hash_of = {name: door.hash_password(room, password) for name, password in PASSWORD_OF.items()}
    door.write_users(room, "pull", hash_of)
    door.write_users(room, "push", {"pusher": hash_of["pusher"]})
