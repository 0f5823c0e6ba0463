"""From when on a public address works. Needs no root."""

from rehearsal.cloud.ec2.observed import PublicAddress
from rehearsal.inside.hosts.public_addresses import REASSIGNED_SECONDS, PublicAddresses

OLD, NEW = "i-0old", "i-0new"
BOTH = frozenset({OLD, NEW})
ELASTIC = PublicAddress("10.77.0.100", is_elastic=True)
FIRST, SECOND, THIRD = (PublicAddress(f"54.214.0.{number}", is_elastic=False) for number in (1, 2, 3))


def test_an_instance_has_its_first_address_from_the_beginning() -> None:
    assert PublicAddresses(3).working({OLD: FIRST}, BOTH, now=0) == {OLD: FIRST.text}


def test_an_address_that_moves_leads_nowhere_for_the_lag() -> None:
    addresses = PublicAddresses(3)
    addresses.working({OLD: ELASTIC, NEW: SECOND}, BOTH, now=0)
    after = {OLD: THIRD, NEW: ELASTIC}
    assert addresses.working(after, BOTH, now=10) == {}
    assert addresses.working(after, BOTH, now=12.9) == {}
    assert addresses.working(after, BOTH, now=13) == {NEW: ELASTIC.text}


def test_the_host_that_lost_it_has_an_address_again_later() -> None:
    addresses = PublicAddresses(3)
    addresses.working({OLD: ELASTIC}, BOTH, now=0)
    assert addresses.working({OLD: THIRD}, BOTH, now=10) == {}
    assert addresses.working({OLD: THIRD}, BOTH, now=10 + REASSIGNED_SECONDS) == {OLD: THIRD.text}


def test_a_host_without_an_assigned_address_has_none() -> None:
    addresses = PublicAddresses(0)
    addresses.working({OLD: ELASTIC}, BOTH, now=0)
    assert addresses.working({}, BOTH, now=1000) == {}


def test_an_instance_that_is_gone_is_forgotten() -> None:
    addresses = PublicAddresses(3)
    addresses.working({OLD: ELASTIC}, BOTH, now=0)
    assert addresses.working({}, frozenset(), now=1) == {}
    assert addresses.working({OLD: FIRST}, BOTH, now=2) == {OLD: FIRST.text}
