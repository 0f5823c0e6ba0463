"""SQS queues, their policies, and what a request asks for."""

from collections.abc import Iterable
from typing import Any

from moto.sqs.models import Queue, sqs_backends

from rehearsal.cloud.cloudformation.resource_type import AttachedPolicyType, MotoType, Request
from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.policy import Resource
from rehearsal.cloud.iam.request import EVERYTHING, Ask, Parameter

NOT_ATTRIBUTES = ("QueueName", "Tags", "FifoQueue")
SIGNING_NAME = "sqs"


class QueueType(MotoType):
    """moto's update knows two of the attributes."""

    identity = ("QueueName", "FifoQueue")

    def change(self, request: Request, resource: Queue, previous: Request) -> Queue:  # noqa: ARG002
        attributes: dict[str, Any] = {
            name: value for name, value in request.properties.items() if name not in NOT_ATTRIBUTES
        }
        policy = resource.policy
        resource._set_attributes(attributes)
        resource.policy = policy
        return resource


class QueuePolicyType(AttachedPolicyType):
    """moto has no type of this name."""

    holders = "Queues"

    def attach(self, request: Request, holder: str, document: str | None) -> None:
        sqs = request.scope.regional(sqs_backends)
        name = holder.split("/")[-1]
        if document or name in sqs.queues:
            sqs.get_queue(name).policy = document


def asks(scope: Scope, operation: str, parameter: Parameter) -> Iterable[Ask]:
    url = parameter("QueueUrl")
    name = str(url).rsplit("/", 1)[-1] if url else str(parameter("QueueName"))
    queue = [Resource(scope.arn("sqs", name))]
    yield Ask(f"sqs:{operation}", EVERYTHING if operation == "ListQueues" else queue)


TYPES = {"AWS::SQS::Queue": QueueType(), "AWS::SQS::QueuePolicy": QueuePolicyType()}
