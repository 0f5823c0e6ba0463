"""Route 53: the public zone that exists before the first deploy, and the records in it."""

from moto.route53.models import route53_backends

from rehearsal.cloud.core.scope import Scope


def create(scope: Scope, name: str) -> str:
    """Returns the zone's id."""
    zone = scope.wide(route53_backends).create_hosted_zone(f"{name.rstrip('.')}.", private_zone=False)
    return str(zone.id).rsplit("/", 1)[-1]


def address_records(scope: Scope) -> dict[str, str]:
    """A records: name without trailing dot -> address."""
    zones = scope.wide(route53_backends).zones.values()
    return {
        record.name.rstrip("."): record.records[0]
        for zone in zones
        for record in zone.rrsets
        if record.type == "A" and record.records
    }
