"""The product's front door in a room of its own, before the real registry on a file system."""

import os
import shutil
from collections.abc import Iterator

import pytest

from rehearsal.machine import parts
from rehearsal.machine.workplace import Workplace
from rehearsal.room import door
from rehearsal.room.isolation import Room, door_root, open_room
from rehearsal.room.registry_server import PROGRAM
from tests.support.door_client import PASSWORD_OF, Client


@pytest.fixture(scope="package")
def room() -> Iterator[Room]:
    if os.geteuid() != 0:
        pytest.skip("the front door runs in a Debian root and a network of its own, which need root")
    workplace = Workplace.of_this_machine()
    program = parts.prepare(workplace, parts.REGISTRY, print).path
    if program is None:
        pytest.skip(f"{parts.REGISTRY.name} cannot be built here")
    with open_room(door_root(workplace, print)) as room:
        shutil.copy(program, room.place(PROGRAM))
        door.make_certificate(room)
        door.place_files(room)
        yield room


@pytest.fixture(scope="package")
def client(room: Room) -> Client:
    hash_of = {name: door.hash_password(room, password) for name, password in PASSWORD_OF.items()}
    door.write_users(room, "pull", hash_of)
    door.write_users(room, "push", {"pusher": hash_of["pusher"]})
    client = Client(room)
    client.start_registry()
    door.start_door(room)
    return client
