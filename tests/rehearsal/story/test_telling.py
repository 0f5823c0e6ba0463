"""How the story is told: steps that are taken while another runs."""

import threading
from typing import Any, cast

import pytest

from rehearsal.machine.workplace import Workplace
from rehearsal.story.step import Step, StepFailedError, Story
from rehearsal.story.telling import take
from rehearsal.story.transcript import Transcript

STORY = cast(Story, None)
SOON_SECONDS = 30


@pytest.fixture
def transcript() -> Transcript:
    return Transcript(Workplace.of_this_machine())


def fails(_: Any) -> str:
    raise StepFailedError("no")


def test_a_step_runs_until_the_others_have_ended(transcript: Transcript, capsys: pytest.CaptureFixture[str]) -> None:
    other_ended = threading.Event()

    def long(_: Any) -> str:
        return f"together: {other_ended.wait(SOON_SECONDS)}"

    def short(_: Any) -> str:
        other_ended.set()
        return "the short one"

    take(Step("long", long, meanwhile=(Step("short", short),)), STORY, transcript)
    told = [line.split("s  ")[1] for line in capsys.readouterr().out.splitlines() if line]
    assert told == ["▶ long", "▶ short", "✓ the short one", "▶ the end of: long", "✓ together: True"]
    assert list(transcript.timings) == ["short", "long"]


def test_a_failed_step_is_named_after_the_others(transcript: Transcript) -> None:
    with pytest.raises(StepFailedError, match="no"):
        take(Step("long", fails, meanwhile=(Step("short", lambda _: "held"),)), STORY, transcript)
    assert transcript.current == "the end of: long"


def test_the_failure_of_another_waits_for_no_step(transcript: Transcript) -> None:
    ended = threading.Event()
    with pytest.raises(StepFailedError, match="no"):
        take(Step("long", lambda _: str(ended.wait()), meanwhile=(Step("short", fails),)), STORY, transcript)
    assert transcript.current == "short"
    ended.set()
