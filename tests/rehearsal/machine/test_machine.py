"""What a rehearsal asks of the machine, and what it leaves there. Needs no root."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.machine.machine import UnfitMachineError, missing_range
from rehearsal.machine.roots import Mirror, choose_mirror, digest
from rehearsal.machine.workplace import BusyError, Workplace

PUBLIC = Mirror("http://deb.debian.org/debian", "http://deb.debian.org/debian-security")


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    found = Workplace(cache=tmp_path / "cache", run=tmp_path / "run", lock=tmp_path / "lock")
    found.prepare()
    return found


def test_everything_missing_is_said_at_once_with_what_still_runs() -> None:
    error = UnfitMachineError(("root: run it with sudo", "/dev/net/tun: no such file"))
    assert "  - root: run it with sudo\n  - /dev/net/tun: no such file\n" in str(error)
    assert "`make fast`" in str(error)


def test_range_is_free_beside_other_networks_and_its_own_leftover() -> None:
    routes = (
        {"dst": "default", "dev": "eth0"},
        {"dst": "192.168.1.0/24", "dev": "eth0"},
        {"dst": "10.77.0.0/24", "dev": "rehearsal0"},
    )
    assert missing_range(routes) == ()


@pytest.mark.parametrize("taken", ["10.77.0.0/24", "10.0.0.0/8", "10.77.0.128/25", "10.77.0.5"])
def test_range_in_use_is_named_with_its_interface(taken: str) -> None:
    (missing,) = missing_range(({"dst": taken, "dev": "wg0"},))
    assert taken in missing
    assert "wg0" in missing


def test_mirror_is_the_machines_own_where_it_has_debian() -> None:
    listing = (
        "https://download.docker.com/linux/debian/ bookworm stable\n"
        "http://apt.example.org/pub/debian/ bookworm main\n"
        "http://apt.example.org/pub/debian/ bookworm-updates main\n"
        "http://sec.example.org/debian-security/ bookworm-security main\n"
        "https://deb.nodesource.com/node_20.x/ nodistro main\n"
    )
    assert choose_mirror(listing) == Mirror(
        "http://apt.example.org/pub/debian", "http://sec.example.org/debian-security"
    )


def test_mirror_is_debians_public_one_on_ubuntu_and_where_nothing_is_configured() -> None:
    assert choose_mirror("http://archive.ubuntu.com/ubuntu/ noble main\n") == PUBLIC
    assert choose_mirror("") == PUBLIC


def test_digest_tells_where_one_part_ends_and_the_next_begins() -> None:
    assert digest("ab", "c") != digest("a", "bc")


def test_lock_is_one_and_names_its_holder(workplace: Workplace) -> None:
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


def test_lock_without_a_name_yet_is_busy_all_the_same(workplace: Workplace) -> None:
    lock = workplace.take_lock()
    with pytest.raises(BusyError, match="starting or ending"):
        workplace.holder()
    workplace.release_lock(lock)


def test_lock_of_a_process_that_was_killed_is_free(workplace: Workplace) -> None:
    holding = (
        "import sys, time; from pathlib import Path; from rehearsal.workplace import Workplace;"
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


def test_state_is_read_back_and_empty_before_it_was_written(workplace: Workplace) -> None:
    assert workplace.read_state() == {}
    workplace.write_state({"domain": "registry.example.com"})
    assert workplace.read_state() == {"domain": "registry.example.com"}
    assert (workplace.run / "state.json").stat().st_mode & 0o777 == 0o600
    assert json.loads((workplace.run / "state.json").read_text()) == workplace.read_state()
