"""What the bench says of bad days in a world."""

from dataclasses import replace

from bench.dependencies.world import DAYS, Seen, table, targets
from rehearsal.faults import FAULTS

WELL = Seen("s3-cuts", "", "", ("ALARM: health", "RESOLVED"), (), (), 0.5)


def test_each_day_has_a_fault_that_there_is() -> None:
    assert {day.fault for day in DAYS.values()} <= set(FAULTS)


def test_a_day_is_shown_with_the_words_of_all_who_speak() -> None:
    ill = replace(WELL, day="denied-boot", push="first\nEOF | 500", said=("users: denied\nagain", "up"), mails=())
    text = table({"denied-boot": ill, "s3-cuts": WELL})
    assert text.splitlines()[-2:] == [
        "| S3 resets connections half-way | done | done | ALARM: health, RESOLVED | - | nothing | 0.500 |",
        f"| {DAYS['denied-boot'].what} | first EOF 500 | done | none | users: denied again; up | nothing | 0.500 |",
    ]


def test_days_that_are_not_all_there_have_no_targets() -> None:
    assert not targets({"s3-cuts": WELL})


def test_one_loss_or_one_slow_day_misses_a_target() -> None:
    days = {name: replace(WELL, day=name) for name in DAYS}
    assert [target.verdict() for target in targets(days)] == ["kept", "kept"]
    days["s3-cuts"] = replace(WELL, lost=("push",), well_seconds=61)
    assert [target.verdict() for target in targets(days)] == ["missed", "missed"]
