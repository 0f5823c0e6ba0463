"""Cached tags are a linearizable register each, while servers stop and start; a front door with a fault is noticed."""

from collections.abc import Iterator

import pytest

from bench.door import exactness
from bench.door.exactness import MUTANTS, Mutant
from rehearsal.room.isolation import Room
from tests.support.door_room import room_on_s3

OPERATIONS = 10_000


@pytest.fixture(scope="module")
def stand() -> Iterator[Room]:
    with room_on_s3() as room:
        yield room


def test_no_read_of_a_tag_contradicts_the_order_of_its_changes(stand: Room) -> None:
    told = exactness.run(stand, OPERATIONS)
    assert told["violations"] == []
    assert told["undecided"] == 0
    assert told["operations"] == OPERATIONS


# The two that are the hardest to notice; `python -m bench exactness` tries all five.
@pytest.mark.parametrize("mutant", MUTANTS[1:3], ids=lambda mutant: mutant.about)
def test_a_front_door_with_a_fault_is_noticed(stand: Room, mutant: Mutant) -> None:
    assert exactness.run_mutant(stand, mutant, 3 * OPERATIONS)["violations"]
