"""Records in hosted zones."""

from moto.route53.models import RecordSet, route53_backends

from rehearsal.cloud.cloudformation.resource_type import MotoType, Request


class RecordSetType(MotoType):
    """moto does not see that somebody changed or deleted the record."""

    def has_drifted(self, request: Request, resource: RecordSet) -> bool:
        zone = request.scope.wide(route53_backends).get_hosted_zone(request.properties["HostedZoneId"])
        wanted = request.properties["ResourceRecords"]
        return wanted not in [
            found.records for found in zone.rrsets if (found.name, found.type) == (resource.name, resource.type)
        ]


TYPES = {"AWS::Route53::RecordSet": RecordSetType()}
