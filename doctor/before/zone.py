"""The hosted zone, and whether the internet asks it."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from doctor.account import Account
from doctor.finding import Finding, Outcome
from doctor.refusals import code

SUBJECT = "hosted zone"
DELEGATION = "delegation"


@dataclass(frozen=True, slots=True)
class Zone:
    id: str
    name: str
    is_private: bool
    name_servers: frozenset[str] = frozenset()


def look(account: Account) -> tuple[Zone, ...]:
    """The zones that the setting hosted_zone names."""
    wanted, route53 = account.settings.hosted_zone, account.client("route53")
    if "." not in wanted:
        try:
            return (_zone(route53, wanted),)
        except ClientError as error:
            if code(error) == "NoSuchHostedZone":
                return ()
            raise
    rows = route53.list_hosted_zones_by_name(DNSName=f"{wanted}.")["HostedZones"]
    found = [row["Id"].rpartition("/")[2] for row in rows if row["Name"] == f"{wanted}."]
    return tuple(_zone(route53, zone_id) for zone_id in found)


def _zone(route53: Any, zone_id: str) -> Zone:
    answer = route53.get_hosted_zone(Id=zone_id)
    servers = answer.get("DelegationSet", {}).get("NameServers", [])
    zone, names = answer["HostedZone"], frozenset(server.lower().rstrip(".") for server in servers)
    return Zone(zone_id, zone["Name"].rstrip("."), zone.get("Config", {}).get("PrivateZone", False), names)


def judge(zones: tuple[Zone, ...], wanted: str, domain_name: str) -> Finding:
    def failure(seen: str, cure: str) -> Finding:
        return Finding(SUBJECT, Outcome.FAILURE, seen, f"one public zone {wanted}", cure)

    if not zones:
        cure = "Create it in Route 53, correct hosted_zone, or leave hosted_zone empty if DNS is kept elsewhere."
        return failure(f"there is no zone {wanted} in this account", cure)
    if len(zones) > 1:
        ids = ", ".join(zone.id for zone in zones)
        return failure(f"{len(zones)} zones have this name: {ids}", "Set hosted_zone to the id of the public one.")
    (zone,) = zones
    if zone.is_private:
        return failure(f"{zone.id} is private", "Nobody outside your network asks it. Name a public zone.")
    if domain_name != zone.name and not domain_name.endswith(f".{zone.name}"):
        return failure(f"{zone.id} is {zone.name}, which does not hold {domain_name}", "Correct hosted_zone.")
    return Finding(SUBJECT, Outcome.OK, f"{zone.name} ({zone.id})", f"one public zone {wanted}")


def judge_delegation(zone: Zone, seen: tuple[str, ...]) -> Finding:
    """``seen`` are the name servers that the internet asks."""
    servers = frozenset(name.lower() for name in seen)
    expected = ", ".join(sorted(zone.name_servers))
    shown = ", ".join(sorted(servers)) or f"no name server for {zone.name}"
    if servers and servers <= zone.name_servers:
        return Finding(DELEGATION, Outcome.OK, shown, expected)
    cure = f"Set the name servers of {zone.name} to the expected ones, at the registrar or in the zone above."
    if servers & zone.name_servers:
        cure = f"Some questions reach other servers. {cure}"
        return Finding(DELEGATION, Outcome.WARNING, shown, expected, cure)
    return Finding(DELEGATION, Outcome.FAILURE, shown, expected, cure)


def check(account: Account) -> list[Finding]:
    settings = account.settings
    if not settings.hosted_zone:
        seen = "none: DNS is kept elsewhere, and you create the A record after the deployment"
        return [Finding(SUBJECT, Outcome.OK, seen, "the setting hosted_zone, or none")]
    zones = look(account)
    found = judge(zones, settings.hosted_zone, settings.domain_name)
    if found.outcome != Outcome.OK:
        return [found]
    return [found, judge_delegation(zones[0], account.resolver.records(zones[0].name, "NS"))]
