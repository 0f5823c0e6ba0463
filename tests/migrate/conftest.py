"""A real old registry beside the product's front door, in one room."""

from collections.abc import Iterator

import pytest

from migrate import regsync
from rehearsal.age import bucket
from rehearsal.machine import parts
from rehearsal.machine.workplace import Workplace
from rehearsal.room import clock, door
from tests.support.door_client import Client
from tests.support.door_room import door_room, write_users
from tests.support.old_registry import ADDRESS, DRESSED, USER, OldRegistry


@pytest.fixture(scope="package")
def client() -> Iterator[Client]:
    """Of the front door."""
    with door_room() as room, pytest.MonkeyPatch.context() as environment:
        # A room has no way to the internet. The rehearsal's builds share most packages.
        for name, value in parts.go_environment(Workplace.of_this_machine()).items():
            environment.setenv(name, value)
        regsync.program()
        environment.undo()
        write_users(room)
        client = Client(room)
        client.start_registry()
        door.start_door(room, clock.ENVIRONMENT)
        yield client


@pytest.fixture(scope="package")
def old(client: Client, tmp_path_factory: pytest.TempPathFactory) -> OldRegistry:
    old = OldRegistry(client.room, tmp_path_factory.mktemp("logins"))
    old.folder.mkdir()
    bucket.prepare(old.folder)
    old.write_images("team/app", 16)
    old.start()
    old.log_in({ADDRESS: USER, DRESSED: USER, "registry.example.com": "pusher"})
    return old
