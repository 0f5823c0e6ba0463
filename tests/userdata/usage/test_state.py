"""What a host remembers, and the files it writes."""

from pathlib import Path

import pytest

from userdata.usage.state import State, load, replace_file, save
from userdata.usage.uses import Kind, Use

USE = Use(Kind.PULL, "team/app", "1.0", 1764313200.5, "bob")


def test_a_state_is_read_as_it_was_saved(tmp_path: Path) -> None:
    state = State(positions={"first": 7}, looks={("bob", "192.0.2.1", "team/app", "1.0"): 5.5}, shown_on=20000)
    state.note([USE])
    state.begin_sending(100)
    state.note([USE])
    save(state, tmp_path / "new/state.json")
    assert load(tmp_path / "new/state.json") == state
    assert (tmp_path / "new/state.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"positions": {}, "looks": [[7, 7]]}'])
def test_a_damaged_state_is_that_of_a_first_run(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)
    assert load(tmp_path / "state.json") == State() == load(tmp_path / "absent")


def test_a_contribution_on_its_way_does_not_change() -> None:
    state = State()
    state.note([USE])
    state.begin_sending(100)
    before = (dict(state.sending), state.number)
    state.note([USE])
    state.begin_sending(200)
    assert (state.sending, state.number) == before
    assert state.unsent


def test_numbers_grow_even_if_the_clock_does_not() -> None:
    state = State(number=100)
    state.note([USE])
    state.begin_sending(50)
    assert state.number == 101


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    replace_file(tmp_path / "file", "new", 0o644)
    assert (tmp_path / "file").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
