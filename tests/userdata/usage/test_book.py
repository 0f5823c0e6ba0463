"""How usages add up, and the file that holds them."""

import gzip
import itertools
from pathlib import Path

import pytest

from userdata.usage import book
from userdata.usage.book import DAY_SECONDS, Head, Moment, Tags, UnreadableError, Usage, add, usage_of
from userdata.usage.uses import Kind, Use

TODAY = 20000
NOW = TODAY * DAY_SECONDS


def pull(days_ago: int = 0, by: str = "bob") -> Usage:
    return usage_of(Use(Kind.PULL, "team/app", "1.0", NOW - days_ago * DAY_SECONDS + 5.5, by))


def push(days_ago: int = 0, by: str = "alice") -> Usage:
    return usage_of(Use(Kind.PUSH, "team/app", "1.0", NOW - days_ago * DAY_SECONDS, by))


def total(*usages: Usage) -> Usage:
    result = Usage()
    for usage in usages:
        result = add(result, usage)
    return result


def test_the_last_push_and_the_last_pull_stay() -> None:
    usage = total(push(3, "carol"), pull(1), push(2), pull(5, "dave"))
    assert usage.pushed == Moment(NOW - 2 * DAY_SECONDS, "alice")
    assert usage.pulled == Moment(NOW - DAY_SECONDS + 5, "bob")
    assert usage.pulls_of_30_days(TODAY) == 2


def test_the_order_of_contributions_does_not_matter() -> None:
    parts = (push(3, "carol"), pull(1), pull(1, "dave"), push(2))
    assert all(total(*order) == total(*parts) for order in itertools.permutations(parts))


def test_many_uses_are_a_usage_for_each_tag_and_day() -> None:
    pulls = [Use(Kind.PULL, "team/app", "1.0", NOW + second, f"user-{second}") for second in (9, 7, 8)]
    pushed = Use(Kind.PUSH, "team/app", "1.0", NOW - 1, "alice")
    found = list(book.usages_of([*pulls, pushed]))
    assert found == [
        ("team/app", "1.0", Usage(pulled=Moment(NOW + 9, "user-9"), pulls={TODAY: 3})),
        ("team/app", "1.0", Usage(pushed=Moment(NOW - 1, "alice"))),
    ]


def test_pulls_are_counted_for_thirty_days() -> None:
    usage = total(pull(0), pull(29), pull(30), pull(400))
    assert usage.pulls_of_30_days(TODAY) == 2
    ((_, kept),) = book.recent(lambda: [("team/app", {"1.0": usage})], TODAY)
    assert set(kept["1.0"].pulls) == {TODAY, TODAY - 29}


def test_of_too_many_tags_the_ones_with_the_oldest_use_go() -> None:
    full: list[tuple[str, Tags]] = [
        ("a", {"old": pull(9), "new": pull(1)}),
        ("b", {"older": push(20)}),
        ("c", {"x": push(2)}),
    ]
    kept = {repository: set(tags) for repository, tags in book.recent(lambda: full, TODAY, most=2)}
    assert kept == {"a": {"new"}, "c": {"x"}}
    assert len(dict(book.recent(lambda: full, TODAY, most=4))) == 3


def test_a_contribution_joins_the_repositories_that_are_there() -> None:
    joined = dict(
        book.together([("a", {"1": pull(2)}), ("b", {"1": pull(2)})], {"b": {"1": pull(1)}, "c": {"1": push()}})
    )
    assert joined == {"a": {"1": pull(2)}, "b": {"1": total(pull(2), pull(1))}, "c": {"1": push()}}


def test_a_file_has_what_was_written(tmp_path: Path) -> None:
    head, content = Head({"i-1": (7, TODAY)}), [("team/app", {"1.0": total(push(), pull())}), ("ü", {"x": pull()})]
    book.write(tmp_path / "all", head, content)
    assert book.read_head(tmp_path / "all") == head
    assert list(book.read(tmp_path / "all")) == content


def test_a_host_finds_its_contribution_by_its_number() -> None:
    head = Head().having("i-1", 7, TODAY)
    assert head.has("i-1", 7)
    assert not head.has("i-1", 8)
    assert not head.has("i-2", 1)


def test_the_numbers_of_hosts_that_are_long_gone_go() -> None:
    head = Head().having("i-1", 7, TODAY - 31).having("i-2", 1, TODAY)
    assert set(head.numbers) == {"i-2"}


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text", "other head", "other line", "other format"])
def test_a_damaged_file_is_noticed(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "all"
    book.write(file, Head(), [(f"team/{number}", {"1.0": push()}) for number in range(100)])
    whole = file.read_bytes()
    head, *lines = gzip.decompress(whole).splitlines(keepends=True)
    file.write_bytes(
        {
            "cut": whole[: len(whole) // 2],
            "flipped": whole[:200] + bytes([whole[200] ^ 1]) + whole[201:],
            "empty": b"",
            "text": b"usage",
            "other head": gzip.compress(b"[]\n" + lines[0]),
            "other line": gzip.compress(head + b'["team/app", {"1.0": 7}]\n'),
            "other format": gzip.compress(head.replace(b'"format":1', b'"format":2') + lines[0]),
        }[damage]
    )
    with pytest.raises(UnreadableError):
        book.read_head(file)
