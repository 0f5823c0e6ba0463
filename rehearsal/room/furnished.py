"""A room with what every front door needs: programs at their places, the product's files, and a certificate."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rehearsal.machine import parts
from rehearsal.machine.parts import Recipe
from rehearsal.machine.root_layers import Root, Say
from rehearsal.machine.workplace import Workplace
from rehearsal.room import door
from rehearsal.room.isolation import Room, RoomError, open_room


def built(workplace: Workplace, recipes: Mapping[str, Recipe], say: Say) -> dict[str, Path]:
    """Programs by their places in a room. Raises RoomError: one cannot be built."""
    found = {place: parts.prepare(workplace, recipe, say).path for place, recipe in recipes.items()}
    programs = {place: path for place, path in found.items() if path is not None}
    if absent := [recipe.name for place, recipe in recipes.items() if place not in programs]:
        raise RoomError(f"{' and '.join(absent)} cannot be built from a Go module: see above")
    return programs


@contextmanager
def furnished(root: Root, programs: Mapping[str, Path]) -> Iterator[Room]:
    """No server runs yet."""
    with open_room(root) as room:
        for place, program in programs.items():
            shutil.copy(program, room.place(place))
        door.make_certificate(room)
        door.place_files(room)
        yield room
