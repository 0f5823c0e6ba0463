"""The story as tests: one world, every step in its order, and nothing left at the end."""

import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from rehearsal.machine.workplace import OUTSIDE_LINK
from rehearsal.outside.golden_root import make_golden
from rehearsal.outside.lifecycle import down
from rehearsal.story.step import Step, Story
from rehearsal.story.steps import EVERY, SET_UP
from rehearsal.story.telling import begin
from rehearsal.story.transcript import Transcript
from tests.support.world import WORKPLACE, needs_a_world

pytestmark = needs_a_world


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    with Transcript(WORKPLACE) as transcript:
        yield begin(WORKPLACE, transcript, detached=False)
        down(WORKPLACE)


@pytest.fixture(scope="module")
def golden() -> Iterator[Callable[[], None]]:
    """Begins to make the root from which later hosts boot, as the story does once the first host has installed."""
    making: list[Future[None]] = []
    with ThreadPoolExecutor(1) as pool:
        yield lambda: making.append(pool.submit(make_golden, WORKPLACE, print))
    for each in making:
        each.result()


@pytest.mark.parametrize("step", EVERY, ids=[step.title for step in EVERY])
def test_step_holds(story: Story, golden: Callable[[], None], step: Step) -> None:
    assert step.run(story)
    if step is SET_UP[-1]:
        golden()


def test_nothing_is_left_on_the_machine(story: Story) -> None:
    world = story.world.keeper_pid
    down(WORKPLACE)
    # One that has died and is not yet reaped has none.
    assert not Path(f"/proc/{world}/exe").exists()
    assert not WORKPLACE.run.exists()
    assert not Path("/sys/class/net", OUTSIDE_LINK).exists()
    mounts = subprocess.run(["findmnt", "--list", "--noheadings"], check=True, capture_output=True, text=True)
    assert str(WORKPLACE.run) not in mounts.stdout
