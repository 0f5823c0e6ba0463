"""What a plan does with the versions of one object, and the order of its changes."""

from datetime import UTC, datetime, timedelta

import pytest

from restore.layout import blob_key, layer_key, revision_key, tag_key, tags_prefix
from restore.plan import Change, History, Version, change_to, plan, stages

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
DIGEST = f"sha256:{'ab' * 32}"
TAG, BLOB = tag_key("team/app", "1.0"), blob_key(DIGEST)


def version(minute: int, content: str = "a", *, size: int = 71) -> Version:
    return Version(f"{content}{minute}", NOON + timedelta(minutes=minute), size=size, etag=content)


def marker(minute: int) -> Version:
    return Version(f"gone{minute}", NOON + timedelta(minutes=minute), is_marker=True)


def change(key: str, *versions: Version, minute: int) -> Change | None:
    """Of an object whose versions are given from the oldest to the newest."""
    history = History(key, tuple(reversed(versions)))
    wanted = history.as_of(NOON + timedelta(minutes=minute))
    return change_to(wanted, history) if wanted else None


def test_a_deleted_object_comes_back_without_a_copy() -> None:
    first = version(0)
    assert change(TAG, first, marker(5), minute=3) == Change(TAG, first, ("gone5",))


def test_an_object_deleted_twice_loses_both_markers() -> None:
    first = version(0)
    assert change(TAG, first, marker(5), marker(6), minute=3) == Change(TAG, first, ("gone6", "gone5"))


def test_a_moved_tag_comes_back_as_a_copy_over_the_present_one() -> None:
    first, second = version(0, "a"), version(5, "b")
    assert change(TAG, first, second, minute=3) == Change(TAG, first, over=second)


def test_a_tag_that_was_moved_and_then_deleted_comes_back_as_a_copy_over_nothing() -> None:
    first = version(0, "a")
    assert change(TAG, first, version(5, "b"), marker(6), minute=3) == Change(TAG, first)


def test_a_tag_that_names_the_same_manifest_again_is_left_alone() -> None:
    assert change(TAG, version(0, "a"), version(5, "b"), version(6, "a"), minute=3) is None


def test_an_object_that_is_as_it_was_is_left_alone() -> None:
    assert change(TAG, version(0), minute=3) is None


@pytest.mark.parametrize("before", [(), (version(-2), marker(-1))])
def test_an_object_that_was_not_there_stays_as_it_is_now(before: tuple[Version, ...]) -> None:
    assert change(TAG, *before, version(5), minute=3) is None


def test_a_change_in_the_named_second_counts_as_after_it() -> None:
    first = version(0)
    assert change(TAG, first, marker(3), minute=3) == Change(TAG, first, ("gone3",))


def test_a_blob_that_was_uploaded_again_in_another_way_is_the_same() -> None:
    assert change(BLOB, version(0, "whole"), version(5, "in-parts"), minute=3) is None


def test_a_blob_that_was_cut_short_comes_back() -> None:
    whole, cut = version(0, "whole"), version(5, "cut", size=3)
    assert change(BLOB, whole, cut, minute=3) == Change(BLOB, whole, over=cut)


def test_content_comes_back_before_the_links_to_it_and_tags_last() -> None:
    index = f"{tags_prefix('team/app')}1.0/index/{DIGEST.replace(':', '/')}/link"
    ordered = [BLOB, layer_key("team/app", DIGEST), revision_key("team/app", DIGEST), index, TAG]
    made = plan(Change(key, version(0), ("gone",)) for key in reversed(ordered))
    assert [each.key for each in made.changes] == ordered
    assert [[each.key for each in stage] for stage in stages(made.changes)] == [[key] for key in ordered]


def test_only_missing_leaves_what_exists_alone() -> None:
    gone, moved = Change(TAG, version(0), ("gone",)), Change(tag_key("team/app", "2.0"), version(0), over=version(5))
    assert plan([gone, moved], only_missing=True).changes == (gone,)
