"""Deaths: when pulls work again, and what is lost."""

from dataclasses import replace

from bench.deaths.belongings import Belongings
from bench.deaths.pulls import seconds_until_pulls_work
from bench.deaths.subject import Death, still_to_die
from bench.rolling.operations import Operation

OWN = Belongings(
    users="admin health",
    certificate="1",
    saved_certificate="1",
    http_secret="digest",  # noqa: S106
    address="10.0.0.1 held",
)


def pulls(*succeeded: bool) -> list[Operation]:
    """One a second, of half a second; the death is at 0."""
    return [Operation(number, number + 0.5, 0 if works else 1) for number, works in enumerate(succeeded, start=-1)]


def test_a_death_without_a_failed_pull_lasts_until_the_end_of_the_next_pull() -> None:
    assert seconds_until_pulls_work(pulls(True, True, True), 0) == 0.5


def test_a_death_lasts_until_the_end_of_the_first_pull_after_the_last_failure() -> None:
    assert seconds_until_pulls_work(pulls(True, False, False, True, True), 0) == 2.5


def test_a_pull_that_works_between_two_failures_ends_no_death() -> None:
    assert seconds_until_pulls_work(pulls(True, False, True, False, True), 0) == 3.5


def test_what_is_not_as_before_is_named() -> None:
    assert OWN.differences(OWN) == []
    after = replace(OWN, certificate="2", address="10.0.0.1 free")
    assert OWN.differences(after) == ["certificate", "address"]


def test_kinds_die_in_turn_and_those_of_earlier_runs_count() -> None:
    done = [Death("reboot", seconds=1, orders=0, lost=())] * 2
    assert still_to_die(("reboot", "nginx"), 3, done) == ["nginx", "nginx", "reboot", "nginx"]
