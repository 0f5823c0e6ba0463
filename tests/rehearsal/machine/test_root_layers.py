"""The cache of root file systems."""

import os
from pathlib import Path

import pytest

from rehearsal.machine.root_layers import ROOTS_KEPT, made
from rehearsal.machine.workplace import Workplace


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(cache=tmp_path / "cache", run=tmp_path / "run", lock=tmp_path / "lock")


def test_a_new_root_is_kept_however_old_the_files_in_it_are(workplace: Workplace) -> None:
    def make(root: Path) -> None:
        os.utime(root, (0, 0))

    places = [made(workplace, "base", str(number), make, print) for number in range(ROOTS_KEPT + 1)]
    assert [place.is_dir() for place in places] == [False] + [True] * ROOTS_KEPT
