"""A moment is played while somebody plays it, and not a moment longer."""

from datetime import UTC, datetime, timedelta, timezone

from rehearsal.cloud.core.clock import Clock

NOON = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)


def is_real(moment: datetime) -> bool:
    return abs(moment - datetime.now(UTC)) < timedelta(seconds=5)


def test_it_is_the_machines_time_before_and_after_a_moment_that_is_played() -> None:
    clock = Clock()
    assert is_real(clock.now())
    with clock.standing_at(NOON.astimezone(timezone(timedelta(hours=1)))):
        assert (clock.now(), clock.now().tzinfo) == (NOON, UTC)
    assert is_real(clock.now())


def test_moments_that_overlap_leave_none_of_them_behind() -> None:
    clock = Clock()
    first, second = clock.standing_at(NOON), clock.standing_at(NOON + timedelta(hours=1))
    first.__enter__()
    second.__enter__()
    assert clock.now() == NOON + timedelta(hours=1)
    first.__exit__(None, None, None)
    assert clock.now() == NOON + timedelta(hours=1)
    second.__exit__(None, None, None)
    assert is_real(clock.now())
