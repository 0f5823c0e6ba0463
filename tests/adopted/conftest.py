"""A bucket that a registry of version 2.8 wrote, and the product's front door and engine, which adopt it."""

import shutil
from collections.abc import Iterator

import pytest

from rehearsal.machine import parts
from rehearsal.room import door
from rehearsal.room.isolation import Room
from rehearsal.room.old_registry import ADDRESS, old_registry_root, start_old_registry
from tests.adopted.bucket import BUCKET, images_in, start_s3
from tests.adopted.written import Written, write_everything
from tests.support.door_client import Client
from tests.support.door_room import built, room_of, write_users


@pytest.fixture(scope="package")
def room() -> Iterator[Room]:
    gateway = built(parts.VERSITYGW)
    with room_of(lambda workplace: old_registry_root(workplace, print)) as room:
        shutil.copy(gateway, room.place("/opt/versitygw"))
        start_s3(room)
        write_users(room)
        door.start_door(room)
        yield room


@pytest.fixture(scope="package")
def old(room: Room) -> Client:
    """Asks the old registry."""
    return Client(room, f"http://{ADDRESS}")


@pytest.fixture(scope="package")
def client(room: Room) -> Client:
    """Asks the front door."""
    return Client(room)


@pytest.fixture(scope="package")
def written(room: Room, old: Client) -> Written:
    """The old registry has written BUCKET, and is stopped. No test changes it."""
    start_old_registry(room, "old", images_in(BUCKET))
    written = write_everything(old)
    room.stop("old")
    return written
