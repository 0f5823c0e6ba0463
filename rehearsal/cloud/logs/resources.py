"""Log groups."""

from moto.logs.models import LogGroup

from rehearsal.cloud.cloudformation.resource_type import MotoType, Request


class LogGroupType(MotoType):
    """moto makes a new group for a changed retention."""

    identity = ("LogGroupName",)

    def change(self, request: Request, resource: LogGroup, previous: Request) -> LogGroup:  # noqa: ARG002
        resource.retention_in_days = request.properties.get("RetentionInDays")
        return resource


TYPES = {"AWS::Logs::LogGroup": LogGroupType()}
