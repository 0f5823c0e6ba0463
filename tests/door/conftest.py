"""The product's front door in a room of its own, before the real registry on a file system."""

from collections.abc import Iterator

import pytest

from rehearsal.room import clock, door
from rehearsal.room.isolation import Room
from tests.support.door_client import Client
from tests.support.door_room import door_room, write_users


@pytest.fixture(scope="package")
def room() -> Iterator[Room]:
    with door_room() as room:
        yield room


@pytest.fixture(scope="package")
def client(room: Room) -> Client:
    write_users(room)
    client = Client(room)
    client.start_registry()
    door.start_door(room, clock.ENVIRONMENT)
    client.await_kept_tag("first/seconds")
    return client
