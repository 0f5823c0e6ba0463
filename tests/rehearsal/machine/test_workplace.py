"""The lock of the machine, and its holder. Needs no root."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.machine.workplace import BusyError, Holder, Workplace
from rehearsal.outside import lifecycle
from rehearsal.outside.lifecycle import down


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    found = Workplace(cache=tmp_path / "cache", run=tmp_path / "run", lock=tmp_path / "lock")
    found.prepare()
    return found


def test_second_taker_of_the_lock_is_told_its_holder(workplace: Workplace) -> None:
    lock = workplace.take_lock()
    workplace.name_holder(lock, 4242)
    with pytest.raises(BusyError, match=r"process 4242, since 20\d\d-.*, started in /"):
        workplace.take_lock()
    holder = workplace.holder()
    assert holder is not None
    assert holder.pid == 4242
    workplace.release_lock(lock)
    assert workplace.holder() is None
    assert not workplace.lock.exists()


def test_lock_is_busy_before_its_holder_has_a_name(workplace: Workplace) -> None:
    lock = workplace.take_lock()
    with pytest.raises(BusyError, match="starting or ending"):
        workplace.holder()
    workplace.release_lock(lock)


def test_lock_of_a_process_that_was_killed_is_free(workplace: Workplace) -> None:
    holding = (
        "import sys, time; from pathlib import Path; from rehearsal.machine.workplace import Workplace;"
        f"w = Workplace(Path('c'), Path('r'), Path({str(workplace.lock)!r}));"
        "w.name_holder(w.take_lock(), 1); print('held', flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    process = subprocess.Popen([sys.executable, "-c", holding], stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    process.kill()
    process.wait()
    workplace.release_lock(workplace.take_lock())


def test_down_leaves_a_rehearsal_of_another_directory_alone(
    workplace: Workplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = workplace.take_lock()
    workplace.name_holder(lock, os.getpid())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BusyError, match=r"End it there .*, or from anywhere with `python -m rehearsal down --force`"):
        down(workplace)
    assert workplace.run.exists()
    workplace.release_lock(lock)


def test_forced_down_ends_a_rehearsal_of_another_directory(
    workplace: Workplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = workplace.take_lock()
    workplace.name_holder(lock, os.getpid())
    ended: list[int] = []

    def end(holder: Holder, _workplace: Workplace) -> None:
        ended.append(holder.pid)
        workplace.release_lock(lock)

    monkeypatch.setattr(lifecycle, "end_world", end)
    # A real rehearsal may run on this machine meanwhile.
    monkeypatch.setattr("rehearsal.machine.workplace.OUTSIDE_LINK", "no-link")
    monkeypatch.chdir(tmp_path)
    assert down(workplace, anyones=True)
    assert ended == [os.getpid()]
    assert not workplace.run.exists()
