"""What can be made to break, and what an alert can name, are the same."""

from lambdas.judge.causes import CAUSES
from rehearsal.faults import FAULTS


def test_causes_and_faults_are_the_same_set() -> None:
    assert set(FAULTS) == set(CAUSES)
