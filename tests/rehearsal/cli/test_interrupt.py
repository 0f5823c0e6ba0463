"""A rehearsal that is interrupted at any point: nothing lives on, and `down` and the next rehearsal work."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.machine.workplace import OUTSIDE_LINK
from rehearsal.outside.lifecycle import down
from tests.support.waiting import until
from tests.support.world import WORKPLACE, needs_a_world

pytestmark = needs_a_world

# Lines of the transcript, by which a test knows how far the rehearsal is.
PREPARING, BOOTSTRAPPING, BOOTING = "▶ a world of its own", "▶ cdk bootstrap", "EC2 starts"


def start() -> subprocess.Popen[str]:
    # A job in the background starts with Ctrl-C ignored, and its children too.
    argv = ["env", "--default-signal=INT", sys.executable, "-m", "rehearsal"]
    # In a session of its own: Ctrl-C goes to everything the terminal started.
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)


def wait_for(rehearsal: subprocess.Popen[str], text: str) -> None:
    assert rehearsal.stdout
    seen = []
    for line in rehearsal.stdout:
        seen.append(line)
        if text in line:
            return
    pytest.fail(f"it ended before {text!r}:\n{''.join(seen)}")


def living() -> list[str]:
    """The processes on this machine that were started with, or write to, something of the rehearsal's folder."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (each / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            writes_to = str((each / "fd/1").readlink())
            if f"{WORKPLACE.run}/" in command + writes_to:
                found.append(command)
    return found


@pytest.fixture(autouse=True)
def nothing_is_left_in_the_end() -> Iterator[None]:
    down(WORKPLACE)
    yield
    down(WORKPLACE)
    assert not WORKPLACE.run.exists()
    assert not [each for each in WORKPLACE.cgroups() if each.exists()]
    assert not Path("/sys/class/net", OUTSIDE_LINK).exists()
    assert not living()


@pytest.mark.parametrize("point", [PREPARING, BOOTSTRAPPING, BOOTING])
def test_ctrl_c_ends_everything_by_itself(point: str) -> None:
    rehearsal = start()
    wait_for(rehearsal, point)
    os.killpg(rehearsal.pid, signal.SIGINT)
    rehearsal.communicate(timeout=120)
    assert rehearsal.returncode == 130
    assert not living()
    assert not Path("/sys/class/net", OUTSIDE_LINK).exists()


@pytest.mark.parametrize("point", [BOOTSTRAPPING, BOOTING])
def test_kill_9_leaves_nothing_alive(point: str) -> None:
    rehearsal = start()
    wait_for(rehearsal, point)
    os.kill(rehearsal.pid, signal.SIGKILL)
    rehearsal.communicate(timeout=60)
    assert WORKPLACE.holder() is None
    # The kernel takes the other processes down a moment later.
    until(lambda: not living())


def test_a_second_rehearsal_names_the_holder_of_the_machine() -> None:
    first = start()
    wait_for(first, PREPARING)
    second = start()
    said, _ = second.communicate(timeout=60)
    assert second.returncode == 1
    assert "another rehearsal holds this machine: process" in said
    assert "`python -m rehearsal down`" in said
    assert first.poll() is None
    os.killpg(first.pid, signal.SIGINT)
    first.communicate(timeout=120)
