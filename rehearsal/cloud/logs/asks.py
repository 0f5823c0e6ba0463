"""What a request to CloudWatch Logs asks for."""

from collections.abc import Iterable

from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.policy import Resource
from rehearsal.cloud.iam.request import UNKNOWN, Ask, Parameter

SIGNING_NAME = "logs"


def asks(scope: Scope, operation: str, parameter: Parameter) -> Iterable[Ask]:
    group, stream = parameter("logGroupName"), parameter("logStreamName") or ""
    streams = [Resource(scope.arn("logs", f"log-group:{group}:log-stream:{stream}"))]
    yield Ask(f"logs:{operation}", streams if group else UNKNOWN)
