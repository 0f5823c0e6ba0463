"""What a request to SQS asks for."""

from collections.abc import Iterable

from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.policy import Resource
from rehearsal.cloud.iam.request import EVERYTHING, Ask, Parameter

SIGNING_NAME = "sqs"


def asks(scope: Scope, operation: str, parameter: Parameter) -> Iterable[Ask]:
    url = parameter("QueueUrl")
    name = str(url).rsplit("/", 1)[-1] if url else str(parameter("QueueName"))
    queue = [Resource(scope.arn("sqs", name))]
    yield Ask(f"sqs:{operation}", EVERYTHING if operation == "ListQueues" else queue)
