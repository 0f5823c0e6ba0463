"""Everything an alert can name, made to happen: on the host or in the emulated AWS, from outside the product.

A fault's name is the cause's. What a fault has to remember to be healed lies in the run directory.
"""

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.faults import certificate, host, network, renewal, storage, telling
from rehearsal.faults.fault import Fault, FaultError
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.world import World

__all__ = ["FAULTS", "Active", "Fault", "FaultError"]

FAULTS: Mapping[str, Fault] = {
    **network.FAULTS,
    **host.FAULTS,
    **certificate.FAULTS,
    **storage.FAULTS,
    **telling.FAULTS,
    **renewal.FAULTS,
}


class Active:
    """The faults that are there now."""

    def __init__(self, workplace: Workplace) -> None:
        self._path = workplace.run / "faults.json"

    def names(self) -> tuple[str, ...]:
        """In the order in which they began."""
        return tuple(self._read())

    def begin(self, world: World, name: str) -> None:
        """Make it happen.

        Raises:
            FaultError: it is there already, or cannot be.
        """
        if name in self._read():
            raise FaultError(f"{name} is there already; `python -m rehearsal heal {name}` ends it")
        remembered = FAULTS[name].begin(world)
        self._write({**self._read(), name: remembered})

    def end(self, world: World, name: str) -> None:
        """Undo it; what a new host does not have any more needs no undoing.

        Raises:
            FaultError: it is not there.
        """
        active = self._read()
        if name not in active:
            raise FaultError(f"{name} is not there; there are: {', '.join(active) or 'none'}")
        FAULTS[name].end(world, active.pop(name))
        self._write(active)

    def _read(self) -> dict[str, Any]:
        return dict(json.loads(self._path.read_text())) if self._path.exists() else {}

    def _write(self, active: Mapping[str, Any]) -> None:
        self._path.write_text(json.dumps(active, indent=2))
