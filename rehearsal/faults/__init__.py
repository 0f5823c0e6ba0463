"""Every cause that an alert can name, made to happen: on the host or in the emulated AWS, from outside the product.

A fault has the name of its cause, or declares another one. What it must remember to be healed is in the run directory.
"""

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.faults import alerting, bucket, certificate, dependencies, on_host, reachability, renewal
from rehearsal.faults.fault import Fault, FaultError
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.world import World

FAULTS: Mapping[str, Fault] = {
    **reachability.FAULTS,
    **on_host.FAULTS,
    **certificate.FAULTS,
    **bucket.FAULTS,
    **alerting.FAULTS,
    **renewal.FAULTS,
    **dependencies.FAULTS,
}


class Active:
    def __init__(self, workplace: Workplace) -> None:
        self._path = workplace.run / "faults.json"

    def names(self) -> tuple[str, ...]:
        """In the order in which they began."""
        return tuple(self._read())

    def begin(self, world: World, name: str) -> None:
        """Cause a fault. Raises FaultError: it is active already, or cannot be caused."""
        if name in self._read():
            raise FaultError(f"{name} is active already; `python -m rehearsal heal {name}` ends it")
        remembered = FAULTS[name].begin(world)
        self._write({**self._read(), name: remembered})

    def end(self, world: World, name: str) -> None:
        """Heal a fault; a new host does not have the faults of the old one. Raises FaultError: it is not active."""
        active = self._read()
        if name not in active:
            raise FaultError(f"{name} is not active; active are: {', '.join(active) or 'none'}")
        FAULTS[name].end(world, active.pop(name))
        self._write(active)

    def _read(self) -> dict[str, Any]:
        return dict(json.loads(self._path.read_text())) if self._path.exists() else {}

    def _write(self, active: Mapping[str, Any]) -> None:
        self._path.write_text(json.dumps(active, indent=2))
