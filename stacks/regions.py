"""The regions in which a registry can run: those whose AWS names end as the host's scripts write them."""

from aws_cdk.region_info import RegionInfo

# As in userdata/tools/aws-api. China, the European Sovereign Cloud and the isolated regions have other names.
DOMAIN = "amazonaws.com"


class RegionError(Exception):
    """Names the region and the accepted form."""


def check_region(region: str, replica_region: str = "") -> None:
    """``region`` may be empty, as in a synthesis without credentials. A region that the CDK does not know is accepted.

    Raises:
        RegionError: the registry cannot run there, or have its copy in ``replica_region``.
    """
    for setting, named in (("region", region), ("replica_region", replica_region)):
        domain = RegionInfo.get(named).domain_suffix if named else None
        if domain not in (None, DOMAIN):
            raise RegionError(
                f"{setting}: in {named!r} AWS's names end with {domain}, and the host asks only for names with"
                f" {DOMAIN}; expected a region of AWS's public partition or of GovCloud, such as eu-central-1"
            )
    if not region or not replica_region:
        return
    if region == replica_region:
        raise RegionError(f"replica_region: {region!r} is the registry's own; expected another region")
    if RegionInfo.get(region).partition != RegionInfo.get(replica_region).partition:
        raise RegionError(
            f"replica_region: {replica_region!r} is not in the partition of {region}, so S3 copies nothing there;"
            " expected another region of the same partition"
        )
