"""What can be made to break, and what an alert can name, are the same."""

from lambdas.judge.causes import CAUSES
from rehearsal.faults import FAULTS
from tests.lambdas.judge.test_causes import SECTIONS


def test_causes_runbook_and_faults_are_the_same_set() -> None:
    assert set(FAULTS) == set(CAUSES)
    assert set(SECTIONS) == {CAUSES[name].title for name in FAULTS}
