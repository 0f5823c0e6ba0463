"""The story `make rehearse` tells: a world is started, every step is taken in it, and then nothing is left."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from rehearsal.machine.roots import make_golden
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.client import CommandFailedError
from rehearsal.outside.deployment import DeploymentError
from rehearsal.outside.world import USERDATA, World, down, up
from rehearsal.story.evidence import keep_logs
from rehearsal.story.step import Step, StepFailedError, Story
from rehearsal.story.steps import SET_UP, STEPS, grow
from rehearsal.story.transcript import Transcript


def set_up(workplace: Workplace, transcript: Transcript, *, hosts: int = 1) -> None:
    """Start a rehearsal, deploy into it, and leave it running.

    Raises:
        StepFailedError, DeploymentError: it cannot be; the rehearsal is left running, to be looked at.
    """
    story = begin(workplace, transcript, detached=True)
    for step in SET_UP:
        _take(step, story, transcript)
    if hosts > 1:
        _take(Step(f"{hosts} hosts", lambda story: grow(story, hosts)), story, transcript)
    story.world.note_timings(transcript.timings)
    make_golden(workplace, USERDATA, transcript.detail)


def tell(workplace: Workplace, transcript: Transcript) -> bool:
    """The whole story, and then nothing is left; returns whether every step held."""
    story = begin(workplace, transcript, detached=False)
    held, logs = False, None
    with ThreadPoolExecutor() as pool:
        try:
            for step in SET_UP:
                _take(step, story, transcript)
            # A first host has now installed everything; later ones boot from what this makes.
            golden = pool.submit(make_golden, workplace, USERDATA, transcript.detail)
            for step in STEPS[len(SET_UP) :]:
                _take(step, story, transcript)
            golden.result()
            held = True
        except (StepFailedError, DeploymentError, CommandFailedError) as failed:
            transcript.failed(transcript.current, str(failed))
            logs = keep_logs(workplace, story.world.keeper_pid)
        finally:
            down(workplace)
    transcript.summary(held=held, steps=len(STEPS), logs=logs)
    return held


def begin(workplace: Workplace, transcript: Transcript, *, detached: bool) -> Story:
    started = transcript.seconds
    transcript.begin("a world of its own: Debian hosts, AWS, DNS, a certificate authority, an image registry")
    world = up(workplace, transcript.detail, detached=detached)
    transcript.held(
        "the world",
        "it is there, and nothing of it on this machine but one virtual wire",
        transcript.seconds - started,
    )
    return story_in(world, transcript.detail)


def story_in(world: World, say: Callable[[str], None]) -> Story:
    return Story(world.cdk(say), world.client(), world, say)


def _take(step: Step, story: Story, transcript: Transcript) -> None:
    started = transcript.seconds
    transcript.begin(step.title)
    evidence = step.run(story)
    transcript.held(step.title, evidence, transcript.seconds - started)
