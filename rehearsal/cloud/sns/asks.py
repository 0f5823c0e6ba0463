"""What a request to SNS asks for."""

from collections.abc import Iterable

from moto.sns.models import sns_backends

from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.policy import Resource
from rehearsal.cloud.iam.request import UNKNOWN, Ask, Parameter
from rehearsal.cloud.kms import keys

SIGNING_NAME = "sns"


def asks(scope: Scope, operation: str, parameter: Parameter) -> Iterable[Ask]:
    arn = parameter("TopicArn")
    yield Ask(f"sns:{operation}", [Resource(str(arn))] if arn else UNKNOWN)
    topic = scope.regional(sns_backends).topics.get(str(arn))
    if operation == "Publish" and topic:
        yield from keys.asks(scope, topic.kms_master_key_id or "")
