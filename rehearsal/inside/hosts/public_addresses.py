"""Which public address of an instance works: EC2's network follows its API some seconds later. Pure.

An address that has just moved leads nowhere for a while, and neither host has one. An instance that loses its Elastic
IP gets another address from EC2, later still.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-instance-addressing.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rehearsal.cloud.ec2.observed import PublicAddress

# EC2 promises no time. It tells of "a few minutes" for an address that it assigns again.
REASSIGNED_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class _Change:
    address: PublicAddress | None
    works_from: float


@dataclass(slots=True)
class PublicAddresses:
    """``lag_seconds`` is the time until an Elastic IP leads to the host that it was given to."""

    lag_seconds: float
    _changes: dict[str, _Change] = field(default_factory=dict)

    def working(self, assigned: Mapping[str, PublicAddress], instances: frozenset[str], now: float) -> dict[str, str]:
        """The addresses that work now, by instance. ``assigned`` are the ones that EC2's API tells."""
        self._changes = {instance: self._change(instance, assigned.get(instance), now) for instance in instances}
        return {
            instance: change.address.text
            for instance, change in self._changes.items()
            if change.address and now >= change.works_from
        }

    def _change(self, instance: str, address: PublicAddress | None, now: float) -> _Change:
        before = self._changes.get(instance)
        if before is None:
            return _Change(address, now)
        if before.address == address:
            return before
        return _Change(address, now + (self.lag_seconds if address and address.is_elastic else REASSIGNED_SECONDS))
