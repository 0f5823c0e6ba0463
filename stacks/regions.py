"""The regions in which a registry can run: those whose AWS names end as the host's scripts write them."""

from aws_cdk.region_info import RegionInfo

# As in userdata/tools/aws-api. China, the European Sovereign Cloud and the isolated regions have other names.
DOMAIN = "amazonaws.com"


class RegionError(Exception):
    """Names the region and the accepted form."""


def check_region(region: str) -> None:
    """``region`` may be empty, as in a synthesis without credentials. A region that the CDK does not know is accepted.

    Raises:
        RegionError: the registry cannot run there.
    """
    domain = RegionInfo.get(region).domain_suffix if region else None
    if domain not in (None, DOMAIN):
        raise RegionError(
            f"region: in {region!r} AWS's names end with {domain}, and the host asks only for names with {DOMAIN};"
            " expected a region of AWS's public partition or of GovCloud, such as eu-central-1"
        )
