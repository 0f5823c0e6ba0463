"""The registry behind the front door, on a file system, with a log of what it was asked."""

from rehearsal.room.registry import filesystem, start_registry
from rehearsal.room.room import Room


def start_registry_behind(room: Room) -> None:
    start_registry(
        room,
        "registry",
        "127.0.0.1:5000",
        filesystem("/srv/images"),
        changes={"log": {"accesslog": {"disabled": False}}},
    )
