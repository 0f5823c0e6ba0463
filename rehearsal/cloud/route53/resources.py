"""Records in hosted zones."""

from moto.route53.models import RecordSet, route53_backends

from rehearsal.cloud.cloudformation.resource_type import MotoType, Request


class RecordSetType(MotoType):
    """moto does not see that somebody changed or deleted the record."""

    def has_drifted(self, request: Request, resource: RecordSet) -> bool:
        route53, name = request.scope.wide(route53_backends), request.properties.get("HostedZoneName")
        zone = route53.get_hosted_zone_by_name(name) if name else None
        records = (zone or route53.get_hosted_zone(request.properties["HostedZoneId"])).rrsets
        seen = [found.records for found in records if (found.name, found.type) == (resource.name, resource.type)]
        return request.properties["ResourceRecords"] not in seen


TYPES = {"AWS::Route53::RecordSet": RecordSetType()}
