"""A world of the rehearsal for tests, on machines that can run one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from rehearsal.first_boot.troubles import image_with
from rehearsal.machine.fitness import find_missing
from rehearsal.machine.roots import RELEASE
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.lifecycle import down, up
from rehearsal.story.step import Story
from rehearsal.story.telling import story_in

WORKPLACE = Workplace.of_this_machine()
MISSING = find_missing(WORKPLACE)
needs_a_world = pytest.mark.skipif(bool(MISSING), reason=f"THE REHEARSAL DOES NOT RUN: {'; '.join(MISSING)}")


@contextmanager
def running_story(*, host_release: str = RELEASE, troubles: Sequence[str] = ()) -> Iterator[Story]:
    """A story at its beginning, in a world that ends with it. Its hosts boot from an image with these troubles."""
    image = image_with(WORKPLACE, troubles, host_release, print) if troubles else None
    world = up(WORKPLACE, print, detached=False, host_roots=(image,) if image else None, host_release=host_release)
    try:
        yield story_in(world, print)
    finally:
        down(WORKPLACE)
