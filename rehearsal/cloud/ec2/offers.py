"""Which instance types EC2 offers in which zones. moto brings AWS's own lists."""

from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS


def zones_with(region: str, instance_type: str) -> list[str]:
    """The names of the zones that offer the type."""
    offers = INSTANCE_TYPE_OFFERINGS["availability-zone"][region]
    return sorted(each["Location"] for each in offers if each["InstanceType"] == instance_type)


def withdraw(region: str, zone: str, instance_type: str) -> None:
    """Offer the type in this zone no more, while this process lives."""
    of_zones = INSTANCE_TYPE_OFFERINGS["availability-zone"]
    gone = (zone, instance_type)
    of_zones[region] = [each for each in of_zones[region] if (each["Location"], each["InstanceType"]) != gone]
