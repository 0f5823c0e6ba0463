"""The account's clock shows a played moment only while it is played."""

from datetime import UTC, datetime, timedelta, timezone

from rehearsal.cloud.core.clock import Clock

NOON = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)


def is_real(moment: datetime) -> bool:
    return abs(moment - datetime.now(UTC)) < timedelta(seconds=5)


def test_the_clock_has_the_machines_time_before_and_after_a_played_moment() -> None:
    clock = Clock()
    assert is_real(clock.now())
    with clock.standing_at(NOON.astimezone(timezone(timedelta(hours=1)))):
        assert (clock.now(), clock.now().tzinfo) == (NOON, UTC)
    assert is_real(clock.now())


def test_overlapping_moments_end_each_by_itself() -> None:
    clock = Clock()
    first, second = clock.standing_at(NOON), clock.standing_at(NOON + timedelta(hours=1))
    first.__enter__()
    second.__enter__()
    assert clock.now() == NOON + timedelta(hours=1)
    first.__exit__(None, None, None)
    assert clock.now() == NOON + timedelta(hours=1)
    second.__exit__(None, None, None)
    assert is_real(clock.now())
