"""The moment that a person names."""

from datetime import UTC, datetime

import pytest

from restore.moment import MomentError, check_kept, parse

NOW = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-11-27T18:00Z", "2026-11-27T19:00+01:00", "2026-11-27T18:00:00.9+00:00"])
def test_a_moment_is_read_with_its_zone(text: str) -> None:
    assert parse(text, NOW) == datetime(2026, 11, 27, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-11-27T18:00", "--as-of '2026-11-27T18:00' has no time zone: expected .* such as 2026-11-27T18:00Z"),
        ("yesterday", "--as-of 'yesterday': expected a moment with its zone"),
        ("2026-11-28T10:00Z", "--as-of '2026-11-28T10:00Z' is in the future: it is 2026-11-28T09:30Z now"),
    ],
)
def test_a_moment_that_cannot_be_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(MomentError, match=said):
        parse(text, NOW)


def test_a_moment_before_the_versions_that_s3_keeps_is_refused_with_the_earliest_one() -> None:
    with pytest.raises(
        MomentError, match="keeps old versions for 30 days, so the earliest moment is 2026-10-29T09:30Z"
    ):
        check_kept(datetime(2026, 10, 29, 9, 29, tzinfo=UTC), 30, NOW)
    check_kept(datetime(2026, 10, 29, 9, 31, tzinfo=UTC), 30, NOW)


def test_a_bucket_that_removes_no_version_has_no_earliest_moment() -> None:
    check_kept(datetime(2020, 1, 1, tzinfo=UTC), None, NOW)
