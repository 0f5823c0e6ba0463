"""Hosts add their uses to one object, one after the other or at the same time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from userdata.usage.aws import AbsentError, Aws, AwsError, OvertakenError
from userdata.usage.book import DAY_SECONDS, Usage
from userdata.usage.publish import Shelf, publish
from userdata.usage.state import State
from userdata.usage.uses import Kind, Use

NOW = 20000 * DAY_SECONDS + 100.0


@dataclass(frozen=True, slots=True)
class Bucket(Aws):
    """One object with its versions. `before_put` runs once, before the next write arrives."""

    tool: Path = Path("none")
    versions: list[bytes] = field(default_factory=list)
    before_put: list[Callable[[], object]] = field(default_factory=list)
    answers_lost: list[bool] = field(default_factory=list)
    deleted: list[bool] = field(default_factory=list)

    def call(self, *arguments: str, given: str = "") -> str:  # noqa: ARG002
        _, action, _, _, *more = arguments
        etag = f'"{len(self.versions)}"' if self.versions and not self.deleted else ""
        if action == "versions":
            return "".join(f"v{number}\n" for number in reversed(range(len(self.versions))))
        if action == "read":
            if not etag and len(more) == 1:
                raise AbsentError("NoSuchKey")
            Path(more[0]).write_bytes(self.versions[int(more[1][1:]) if len(more) > 1 else -1])
            return f"{etag}\n"
        if self.before_put:
            self.before_put.pop()()
            etag = f'"{len(self.versions)}"'
        if more[1] != (f"If-Match: {etag}" if etag else "If-None-Match: *"):
            raise OvertakenError("HTTP 412")
        self.versions.append(Path(more[0]).read_bytes())
        self.deleted.clear()
        if self.answers_lost:
            self.answers_lost.pop()
            raise AwsError("no answer")
        return ""


@dataclass(slots=True)
class Host:
    bucket: Bucket
    folder: Path
    name: str
    state: State = field(default_factory=State)

    def pulls(self, tag: str = "1.0") -> None:
        self.state.note([Use(Kind.PULL, "team/app", tag, NOW, self.name)])

    def publish(self, now: float = NOW) -> dict[str, Usage]:
        shelf = Shelf("state", "usage/registry.example.com.jsonl.gz", self.folder / self.name)
        return dict(dict(publish(self.bucket, shelf, self.name, self.state, lambda: None, now)).get("team/app", {}))

    def count(self) -> int:
        return sum(usage.pulls_of_30_days(20000) for usage in self.publish().values())


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def one(bucket: Bucket, tmp_path: Path) -> Host:
    return Host(bucket, tmp_path, "i-1")


@pytest.fixture
def other(bucket: Bucket, tmp_path: Path) -> Host:
    return Host(bucket, tmp_path, "i-2")


def test_a_new_host_continues_where_the_last_one_ended(one: Host, other: Host) -> None:
    one.pulls()
    assert one.count() == 1
    assert other.count() == 1
    other.pulls()
    assert other.count() == 2


def test_what_is_published_is_not_added_again(one: Host) -> None:
    one.pulls()
    assert [one.count(), one.count()] == [1, 1]
    one.pulls()
    assert one.count() == 2


def test_nothing_is_written_when_nothing_was_used(bucket: Bucket, one: Host) -> None:
    assert one.publish() == {}
    assert bucket.versions == []


def test_two_hosts_at_the_same_time_lose_nothing(bucket: Bucket, one: Host, other: Host) -> None:
    one.pulls()
    other.pulls()
    bucket.before_put.append(other.publish)
    assert one.count() == 2


def test_a_host_that_is_always_overtaken_keeps_its_uses(bucket: Bucket, one: Host, other: Host) -> None:
    one.pulls()
    for number in range(5):

        def overtake(number: int = number) -> None:
            other.pulls(f"{number}")
            waiting, bucket.before_put[:] = list(bucket.before_put), []
            other.publish()
            bucket.before_put.extend(waiting)

        bucket.before_put.append(overtake)
    with pytest.raises(OvertakenError):
        one.publish()
    assert one.count() == 6


def test_a_contribution_whose_answer_was_lost_counts_once(bucket: Bucket, one: Host) -> None:
    one.pulls()
    bucket.answers_lost.append(True)
    with pytest.raises(AwsError):
        one.publish()
    # Of the next contribution.
    one.pulls()
    assert one.count() == 1
    assert one.count() == 2


def test_a_host_that_has_lost_its_memory_contributes_again(one: Host) -> None:
    one.pulls()
    one.publish()
    one.state = State()
    one.pulls()
    (usage,) = one.publish(NOW + 60).values()
    assert usage.pulls_of_30_days(20000) == 2


@pytest.mark.parametrize("damage", [b"", b"usage", b"\x1f\x8b damaged"])
def test_in_the_place_of_a_damaged_object_comes_the_version_before(
    bucket: Bucket, one: Host, other: Host, damage: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    one.pulls()
    one.publish()
    bucket.versions.append(damage)
    other.pulls()
    assert other.count() == 2
    assert "version v0" in capsys.readouterr().err


def test_in_the_place_of_a_deleted_object_comes_the_version_before(bucket: Bucket, one: Host, other: Host) -> None:
    one.pulls()
    one.publish()
    bucket.deleted.append(True)
    other.pulls()
    assert other.count() == 2


def test_without_a_whole_version_the_hosts_copy_is_used(bucket: Bucket, one: Host) -> None:
    one.pulls()
    one.publish()
    bucket.versions[:] = [b"damaged"]
    one.pulls()
    assert one.count() == 2
