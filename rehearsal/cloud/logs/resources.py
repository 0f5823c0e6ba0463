"""Log groups, and what a request to CloudWatch Logs asks for."""

from collections.abc import Iterable

from moto.logs.models import LogGroup

from rehearsal.cloud.cloudformation.resource_type import MotoType, Request
from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.policy import Resource
from rehearsal.cloud.iam.request import UNKNOWN, Ask, Parameter

SIGNING_NAME = "logs"


class LogGroupType(MotoType):
    """moto makes a new group for a changed retention."""

    identity = ("LogGroupName",)

    def change(self, request: Request, resource: LogGroup, previous: Request) -> LogGroup:  # noqa: ARG002
        resource.retention_in_days = request.properties.get("RetentionInDays")
        return resource


def asks(scope: Scope, operation: str, parameter: Parameter) -> Iterable[Ask]:
    group, stream = parameter("logGroupName"), parameter("logStreamName") or ""
    streams = [Resource(scope.arn("logs", f"log-group:{group}:log-stream:{stream}"))]
    yield Ask(f"logs:{operation}", streams if group else UNKNOWN)


TYPES = {"AWS::Logs::LogGroup": LogGroupType()}
