"""What the fleet tells of its hosts."""

from rehearsal.inside.hosts.fleet import leader_pid
from rehearsal.inside.hosts.guest import Guest, GuestError


class Dying(Guest):
    """It loses its power while somebody asks for its process 1."""

    def __init__(self) -> None:
        """No host."""

    def is_running(self) -> bool:
        return True

    @property
    def leader_pid(self) -> int:
        raise GuestError("i-1 has no process 1")


def test_a_host_that_dies_while_it_is_looked_at_has_no_power() -> None:
    assert leader_pid(Dying()) is None
    assert leader_pid(None) is None
