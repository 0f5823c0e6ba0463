"""The product's front door in a room of its own, before the real registry on a file system."""

import os
import shutil
from collections.abc import Iterator

import pytest

from rehearsal.machine import parts
from rehearsal.machine.workplace import Workplace
from rehearsal.room import debian, door
from rehearsal.room.registry import PROGRAM
from rehearsal.room.room import Room, open_room
from tests.door.client import PASSWORD_OF, Client
from tests.door.registry_behind import start_registry_behind


@pytest.fixture(scope="package")
def room() -> Iterator[Room]:
    if os.geteuid() != 0:
        pytest.skip("the front door is tried in a Debian root and a network of its own, which needs root")
    workplace = Workplace.of_this_machine()
    program = parts.prepare(workplace, parts.REGISTRY, print).path
    if program is None:
        pytest.skip(f"{parts.REGISTRY.name} cannot be built here")
    with open_room(debian.door_root(workplace, print)) as room:
        shutil.copy(program, room.place(PROGRAM))
        door.make_certificate(room)
        door.place_files(room)
        yield room


@pytest.fixture(scope="package")
def client(room: Room) -> Client:
    hash_of = {name: door.hash_password(room, password) for name, password in PASSWORD_OF.items()}
    door.write_users(room, "pull", hash_of)
    door.write_users(room, "push", {"pusher": hash_of["pusher"]})
    start_registry_behind(room)
    door.start_door(room)
    return Client(room)
