"""The rounds of copying and looking, with a copying tool that does as each test wants."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from migrate import regsync
from migrate.comparison import Comparison, Finding, Item, State
from migrate.migration import MOST_MOVES, RESTS_SECONDS, Migration
from migrate.registry import MANIFESTS, Head, OutOfReachError
from migrate.regsync import Event

TAG = Item("app", "1.0")
SOURCE = "old.example.com/app:1.0"
BUSY = Event(failed=SOURCE, why="failed to get manifest: request failed: rate limit exceeded [http 429]: slow down")
Hear = Callable[[Event], None]
Tool = Callable[..., None]
overwrites: list[bool] = []


def registry(host: str) -> Mock:
    made = Mock(**{"manifest.return_value": b"{}", "referrers.return_value": [], "head.return_value": None})
    made.address.host, made.address.plain = host, False
    made.login.saved = True
    return made


def image(name: str) -> Head:
    return Head(f"sha256:{name}", MANIFESTS[2])


@pytest.fixture
def source() -> Mock:
    found = registry("old.example.com")
    found.head.return_value = image("1")
    return found


@pytest.fixture
def target() -> Mock:
    return registry("registry.example.com")


@pytest.fixture
def run(source: Mock, target: Mock, monkeypatch: pytest.MonkeyPatch) -> Callable[[Tool], Migration]:
    """Runs a migration of one tag with this tool."""
    comparison = Comparison(source, target, str, {"app": ["1.0"]}, {}, {})
    # A manifest without layers, whatever its digest says.
    monkeypatch.setattr(Comparison, "_below", lambda *_: ([], []))

    def run_with(tool: Tool) -> Migration:
        overwrites.clear()
        monkeypatch.setattr(regsync, "run", tool)
        migration = Migration(comparison, {TAG: Finding(State.MISSING)}, Path("regsync"), 8, overwrite=False)
        migration.run()
        return migration

    return run_with


def rounds(*each: Callable[[Hear], None]) -> Tool:
    """A tool that does another thing in each round, and the last one from then on."""
    waiting = iter((*each, *each[-1:] * 99))

    def run(_: Any, __: Any, hear: Hear, *, overwrite: bool) -> None:
        overwrites.append(overwrite)
        next(waiting)(hear)

    return run


def test_a_registry_that_asked_for_fewer_requests_all_the_time_is_tried_again_after_a_rest(
    source: Mock, target: Mock, run: Callable[[Tool], Migration]
) -> None:
    def copies(_: Hear) -> None:
        target.head.return_value = image("1")

    migration = run(rounds(lambda hear: hear(BUSY), lambda hear: hear(BUSY), copies))
    assert migration.findings[TAG].state is State.SAME
    assert [call.args[0] for call in source.sleep.call_args_list] == [60, 120]
    assert source.say.call_args_list[0].args == (
        "a registry is busy: waiting 60 s before the next try",
    )  # fmt: skip


def test_a_registry_that_asks_for_fewer_requests_for_ever_ends_in_the_list(
    source: Mock, run: Callable[[Tool], Migration]
) -> None:
    migration = run(rounds(lambda hear: hear(BUSY)))
    assert migration.findings[TAG].state is State.MISSING
    assert "[http 429]" in migration.reasons["app:1.0"]
    assert source.sleep.call_count == len(RESTS_SECONDS)


def test_a_tag_that_the_source_moves_meanwhile_is_copied_again(
    source: Mock, target: Mock, run: Callable[[Tool], Migration]
) -> None:
    def copies_before_the_move(_: Hear) -> None:
        target.head.return_value, source.head.return_value = image("1"), image("2")

    def copies(_: Hear) -> None:
        target.head.return_value = image("2")

    assert run(rounds(copies_before_the_move, copies)).findings[TAG].state is State.SAME
    assert overwrites == [False, True]


def test_a_tag_that_the_source_moves_all_the_time_ends_in_the_list(
    source: Mock, target: Mock, run: Callable[[Tool], Migration]
) -> None:
    moves = 0

    def copies_before_the_move(_: Hear) -> None:
        nonlocal moves
        target.head.return_value, source.head.return_value = source.head.return_value, image(f"{moves}-moved")
        moves += 1

    finding = run(rounds(copies_before_the_move)).findings[TAG]
    assert moves == MOST_MOVES + 1
    assert finding.why.startswith("the target has sha256:")


def test_a_tag_that_somebody_pushes_to_the_target_meanwhile_stays(
    source: Mock, target: Mock, run: Callable[[Tool], Migration]
) -> None:
    source.head.side_effect = lambda _, reference: image("1") if reference == "1.0" else None

    def pushes(_: Hear) -> None:
        target.head.return_value = image("theirs")

    finding = run(rounds(pushes)).findings[TAG]
    assert finding == Finding(State.OTHER, "the target has sha256:theirs there, the source sha256:1")


def test_a_registry_that_is_out_of_reach_ends_the_copying(source: Mock, run: Callable[[Tool], Migration]) -> None:
    source.challenge.side_effect = OutOfReachError("old.example.com does not answer")
    cut = Event(failed=SOURCE, why='Get "https://old.example.com/v2/": dial tcp: connection refused')
    with pytest.raises(OutOfReachError):
        run(rounds(lambda hear: hear(cut)))


def test_an_image_that_failed_by_itself_does_not_end_the_copying(
    source: Mock, run: Callable[[Tool], Migration]
) -> None:
    broken = Event(failed=SOURCE, why="failed to get blob: request failed: not found [http 404]")
    assert run(rounds(lambda hear: hear(broken))).reasons == {"app:1.0": broken.why}
    source.challenge.assert_not_called()
