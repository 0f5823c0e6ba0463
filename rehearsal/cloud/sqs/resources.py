"""SQS queues and their policies."""

from typing import Any

from moto.sqs.models import Queue, sqs_backends

from rehearsal.cloud.cloudformation.resource_type import AttachedPolicyType, MotoType, Request

NOT_ATTRIBUTES = ("QueueName", "Tags", "FifoQueue")


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


TYPES = {"AWS::SQS::Queue": QueueType(), "AWS::SQS::QueuePolicy": QueuePolicyType()}
