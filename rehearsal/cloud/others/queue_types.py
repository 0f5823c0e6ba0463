"""SQS queues and their policies."""

import json
from typing import Any

from moto.sqs.models import Queue, SQSBackend, sqs_backends

from rehearsal.cloud.cloudformation.resource_type import MotoType, PlainType, Request, Settled, Updated

NOT_ATTRIBUTES = ("QueueName", "Tags", "FifoQueue")


def sqs_of(request: Request) -> SQSBackend:
    return sqs_backends[request.place.account][request.place.region]


class QueueType(MotoType):
    """moto's update knows two of the attributes."""

    def __init__(self) -> None:
        super().__init__(Queue)

    def update(self, request: Request, resource: Queue, previous: Request) -> Updated:
        if any(
            request.properties.get(name) != previous.properties.get(name)
            for name in ("QueueName", "FifoQueue")
        ):
            return Updated(self.create(request), replaced=True)
        attributes: dict[str, Any] = {
            name: value for name, value in request.properties.items() if name not in NOT_ATTRIBUTES
        }
        policy = resource.policy
        resource._set_attributes(attributes)
        resource.policy = policy
        return Updated(resource)


class QueuePolicyType(PlainType):
    def create(self, request: Request) -> Settled:
        for url in request.properties["Queues"]:
            _queue(request, url).policy = json.dumps(request.properties["PolicyDocument"])
        return Settled(request.generated_name())

    def update(self, request: Request, resource: Settled, previous: Request) -> Updated:
        for url in set(previous.properties["Queues"]) - set(request.properties["Queues"]):
            _queue(request, url).policy = None
        self.create(request)
        return Updated(resource)

    def delete(self, request: Request, resource: Settled) -> None:  # noqa: ARG002
        for url in request.properties["Queues"]:
            if url.split("/")[-1] in sqs_of(request).queues:
                _queue(request, url).policy = None


def _queue(request: Request, url: str) -> Queue:
    return sqs_of(request).get_queue(url.split("/")[-1])
