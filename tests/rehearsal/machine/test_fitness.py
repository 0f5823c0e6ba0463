"""The check whether a machine can run a rehearsal. Needs no root."""

import pytest

from rehearsal.machine.fitness import UnfitMachineError, missing_range


def test_error_lists_everything_that_is_missing_and_what_still_runs() -> None:
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
