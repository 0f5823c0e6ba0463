"""Telling the story: a world is started, every step is taken in it, and then nothing is left."""

import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from rehearsal.contract import run_directory
from rehearsal.contract.order import Choices
from rehearsal.error import RehearsalError
from rehearsal.first_boot.troubles import playing, troubled_roots
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.golden_root import make_golden
from rehearsal.outside.lifecycle import AS_USUAL, down, up
from rehearsal.outside.world import World
from rehearsal.story.deploying import grow
from rehearsal.story.step import Step, Story
from rehearsal.story.steps import EVERY, SET_UP, STEPS
from rehearsal.story.transcript import Transcript

KEPT = Path("/var/tmp/registry-rehearsal-logs")  # noqa: S108 - the person reads it before the next failure
PATTERNS = (
    "*.log",
    "internet/srv/*.log",
    "hosts/*/console.log",
    f"hosts/*/{run_directory.HOST_LOGS}/**/*",
    "logs/**/*",
)


def set_up(workplace: Workplace, transcript: Transcript, *, hosts: int = 1, choices: Choices = AS_USUAL) -> None:
    """Start a rehearsal, deploy into it, and leave it running. Raises RehearsalError: a step failed; the rehearsal
    is left running, so that the cause can be found."""
    story = begin(workplace, transcript, detached=True, choices=choices)
    with playing(story.world, choices.troubles):
        for step in SET_UP:
            take(step, story, transcript)
    if hosts > 1:
        take(Step(f"{hosts} hosts", lambda story: grow(story, hosts)), story, transcript)
    story.world.note_timings(transcript.timings)
    make_golden(workplace, transcript.detail, choices.host_release)


def tell(workplace: Workplace, transcript: Transcript) -> bool:
    """The whole story, and then nothing is left; returns whether every step succeeded."""
    story = begin(workplace, transcript, detached=False)
    held, logs = False, None
    with_host = STEPS.index(SET_UP[-1]) + 1
    with ThreadPoolExecutor() as pool:
        try:
            for step in STEPS[:with_host]:
                take(step, story, transcript)
            # The first host has installed everything now; later hosts boot from the golden root.
            golden = pool.submit(make_golden, workplace, transcript.detail)
            for step in STEPS[with_host:]:
                take(step, story, transcript)
            golden.result()
            held = True
        except RehearsalError as failed:
            transcript.failed(transcript.current, str(failed))
            logs = keep_logs(workplace, story.world.keeper_pid)
        finally:
            down(workplace)
    transcript.summary(held=held, steps=len(EVERY), logs=logs)
    return held


def begin(workplace: Workplace, transcript: Transcript, *, detached: bool, choices: Choices = AS_USUAL) -> Story:
    """A world in which nothing is deployed. Its hosts boot from an image with the chosen troubles."""
    started = transcript.seconds
    transcript.begin("a world of its own: Debian hosts, AWS, DNS, a certificate authority, an image registry")
    host_roots = troubled_roots(workplace, choices, transcript.detail)
    world = up(workplace, transcript.detail, detached=detached, host_roots=host_roots, choices=choices)
    evidence = "it runs; one virtual wire is all that it adds to this machine's network"
    transcript.held("the world", evidence, transcript.seconds - started)
    return story_in(world, transcript.detail)


def story_in(world: World, say: Callable[[str], None]) -> Story:
    """A story at its beginning, in a world that runs."""
    return Story(world.cdk(say), world.client(), world, say)


def take(step: Step, story: Story, transcript: Transcript) -> None:
    """Take a step, and the others meanwhile. Raises RehearsalError: one of them failed; the transcript's current step
    is the one that did."""
    started = transcript.seconds
    transcript.begin(step.title)
    evidence = _beside(step, story, transcript) if step.meanwhile else step.run(story)
    transcript.held(step.title, evidence, transcript.seconds - started)


def _beside(step: Step, story: Story, transcript: Transcript) -> str:
    """The step's evidence; meanwhile the others are taken. Ctrl-C and a failure of another wait for no step."""
    evidence: Future[str] = Future()

    def run() -> None:
        try:
            evidence.set_result(step.run(story))
        except BaseException as error:  # noqa: BLE001  evidence.result() raises it
            evidence.set_exception(error)

    threading.Thread(target=run, name=step.title, daemon=True).start()
    for other in step.meanwhile:
        take(other, story, transcript)
    transcript.begin(f"the end of: {step.title}")
    return evidence.result()


def keep_logs(workplace: Workplace, keeper_pid: int) -> Path:
    """Copy them, in place of those of the last failure; returns the folder."""
    shutil.rmtree(KEPT, ignore_errors=True)
    run = run_directory.in_world(keeper_pid, workplace.run)
    for pattern in PATTERNS:
        for file in run.glob(pattern):
            if file.is_file() and not file.is_symlink():
                copy = KEPT / file.relative_to(run)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
    return KEPT
