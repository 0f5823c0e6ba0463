"""Requests from outside, answered by the world's side of the control socket."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from rehearsal.contract.control import Control, RefusedByWorldError
from rehearsal.contract.tick_result import AlarmState, TickResult
from rehearsal.inside.actions import serve
from rehearsal.machine.workplace import Workplace

ALARM = AlarmState("Errors", "the function failed", "OK", "ALARM", "1 datapoint", ("published",))
RESULT = TickResult(
    schedule="Health",
    function="CheckHealth",
    event="{}",
    scheduled_at="2027-03-01T12:00:20+00:00",
    attempts=1,
    dead_letter=None,
    result={"cause": None},
    error=None,
    request_id="1",
    duration_milliseconds=2.0,
    init_milliseconds=3.0,
    memory_mib=64,
    log=("START", "END"),
    alarms=(ALARM,),
)


class KnownAnswers:
    def tick(self, job: str, at: str | None) -> TickResult:
        assert (job, at) == ("health", None)
        return RESULT

    def alarms(self, at: str | None) -> tuple[AlarmState, ...]:
        assert at == "2027-03-01"
        return (ALARM,)

    def power(self, instance_id: str, on: bool) -> None:
        raise KeyError(instance_id, on)

    def forbid(self, actions: Sequence[str]) -> None:
        assert actions == ["ec2:RunInstances"]

    def lose_disk(self, instance_id: str) -> None:
        raise KeyError(instance_id)

    def lose_region(self) -> None:
        raise LookupError

    def fail_check(self, instance_id: str, check: str) -> None:
        raise KeyError(instance_id, check)

    def password(self) -> str:
        return "secret"


@pytest.fixture
def control(tmp_path: Path) -> Control:
    workplace = Workplace(cache=tmp_path / "cache", run=tmp_path / "run", lock=tmp_path / "lock")
    workplace.prepare()
    serve(workplace, KnownAnswers())
    return Control(workplace)


def test_answers_keep_their_types_across_the_socket(control: Control) -> None:
    assert control.tick("health") == RESULT
    assert control.alarms("2027-03-01") == (ALARM,)
    assert control.password() == "secret"
    control.forbid("ec2:RunInstances")


def test_failed_action_is_refused_with_its_reason(control: Control) -> None:
    with pytest.raises(RefusedByWorldError, match=r"KeyError: \('i-0first', True\)"):
        control.power("i-0first", on=True)
