"""Whether the zones of the region have the instance type."""

from dataclasses import dataclass

from doctor.account import Account
from doctor.finding import Finding, Outcome

SUBJECT = "instance type"


@dataclass(frozen=True, slots=True)
class Offers:
    zones: frozenset[str]
    """Of the region, as far as the account may use them."""

    offered_in: frozenset[str]


def look(account: Account) -> Offers:
    ec2 = account.client("ec2")
    usual = [{"Name": "zone-type", "Values": ["availability-zone"]}, {"Name": "state", "Values": ["available"]}]
    zones = ec2.describe_availability_zones(Filters=usual)["AvailabilityZones"]
    rows = ec2.describe_instance_type_offerings(
        LocationType="availability-zone",
        Filters=[{"Name": "instance-type", "Values": [account.settings.instance_type]}],
    )["InstanceTypeOfferings"]
    names = frozenset(zone["ZoneName"] for zone in zones)
    return Offers(names, frozenset(row["Location"] for row in rows) & names)


def judge(offers: Offers, instance_type: str, region: str, count: int) -> Finding:
    """The host stack takes the first ``count`` zones by name."""
    used = sorted(offers.zones)[:count]
    expected = f"{instance_type} in {' and '.join(used)}"
    offered = [zone for zone in used if zone in offers.offered_in]
    missing = [zone for zone in used if zone not in offers.offered_in]
    if not offered:
        elsewhere = ", ".join(sorted(offers.offered_in)) or "no zone"
        cure = f"Set instance_type to one that these zones of {region} have, such as another size or generation."
        return Finding(SUBJECT, Outcome.FAILURE, f"{instance_type} in {elsewhere}", expected, cure)
    if missing:
        cure = f"Hosts start in {', '.join(offered)} alone: while it is out of order, there is no host."
        return Finding(SUBJECT, Outcome.WARNING, f"{instance_type} not in {', '.join(missing)}", expected, cure)
    return Finding(SUBJECT, Outcome.OK, f"{instance_type} in {' and '.join(offered)}", expected)


def check(account: Account) -> list[Finding]:
    settings = account.settings
    return [judge(look(account), settings.instance_type, account.region, int(settings.availability_zones))]
