"""A world of the rehearsal for tests, on machines that can run one."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rehearsal.contract.order import Choices
from rehearsal.first_boot.troubles import troubled_roots
from rehearsal.machine.fitness import find_missing
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.lifecycle import AS_USUAL, down, up
from rehearsal.story.step import Story
from rehearsal.story.telling import story_in

WORKPLACE = Workplace.of_this_machine()
MISSING = find_missing(WORKPLACE)
needs_a_world = pytest.mark.skipif(bool(MISSING), reason=f"THE REHEARSAL DOES NOT RUN: {'; '.join(MISSING)}")


@contextmanager
def running_story(*, choices: Choices = AS_USUAL) -> Iterator[Story]:
    """A story at its beginning, in a world that ends with it. Its hosts boot from an image with the chosen troubles."""
    host_roots = troubled_roots(WORKPLACE, choices, print)
    world = up(WORKPLACE, print, detached=False, host_roots=host_roots, choices=choices)
    try:
        yield story_in(world, print)
    finally:
        down(WORKPLACE)
