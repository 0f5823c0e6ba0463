"""Records in hosted zones."""

from typing import Any

from moto.route53.models import FakeZone, RecordSet, route53_backends

from rehearsal.cloud.cloudformation.resource_type import MotoType, Request, Updated


class RecordSetType(MotoType):
    """moto replaces a record that is there, sees no change or deletion by somebody else, and lets its API delete only
    what that has made."""

    def create(self, request: Request) -> Any:
        """Raises RuntimeError: the record is there already."""
        name, type_ = str(request.properties["Name"]), request.properties["Type"]
        if any((each.name.rstrip("."), each.type) == (name.rstrip("."), type_) for each in _zone(request).rrsets):
            raise RuntimeError(
                f"[Tried to create resource record set [name='{name}', type='{type_}'] but it already exists]"
            )
        return _told_to_the_api(request, super().create(request))

    def update(self, request: Request, resource: RecordSet, previous: Request) -> Updated:
        updated = super().update(request, resource, previous)
        _told_to_the_api(request, updated.resource)
        return updated

    def has_drifted(self, request: Request, resource: RecordSet) -> bool:
        records = _zone(request).rrsets
        seen = [found.records for found in records if (found.name, found.type) == (resource.name, resource.type)]
        return request.properties["ResourceRecords"] not in seen


def _zone(request: Request) -> FakeZone:
    route53, name = request.scope.wide(route53_backends), request.properties.get("HostedZoneName")
    zone = route53.get_hosted_zone_by_name(name) if name else None
    return zone or route53.get_hosted_zone(request.properties["HostedZoneId"])


def _told_to_the_api(request: Request, record: RecordSet) -> RecordSet:
    values = [{"Value": each} for each in record.records]
    known = {"Name": record.name, "Type": record.type, "TTL": int(record.ttl or 0), "ResourceRecords": values}
    _zone(request).rr_changes.append({"Action": "CREATE", "ResourceRecordSet": known})
    return record


TYPES = {"AWS::Route53::RecordSet": RecordSetType()}
