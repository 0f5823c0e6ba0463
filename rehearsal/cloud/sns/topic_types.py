"""SNS topics, their policies and subscriptions: moto skips two of these and forgets what an update keeps."""

import json
from typing import Any

from moto.sns.models import SNSBackend, Topic, sns_backends

from rehearsal.cloud.cloudformation.resource_type import MotoType, PlainType, Request, Settled, Updated


def sns_of(request: Request) -> SNSBackend:
    return sns_backends[request.place.account][request.place.region]


class TopicType(MotoType):
    """moto deletes a topic to change it, and with it everybody's confirmed subscription."""

    def __init__(self) -> None:
        super().__init__(Topic)

    def update(self, request: Request, resource: Topic, previous: Request) -> Updated:
        if request.properties.get("TopicName") != previous.properties.get("TopicName"):
            return Updated(self.create(request), replaced=True)
        resource.kms_master_key_id = request.properties.get("KmsMasterKeyId", "")
        resource.display_name = request.properties.get("DisplayName", "")
        return Updated(resource)


class TopicPolicyType(PlainType):
    def create(self, request: Request) -> Settled:
        for arn in request.properties["Topics"]:
            sns_of(request).get_topic(arn).policy = json.dumps(request.properties["PolicyDocument"])
        return Settled(request.generated_name())

    def update(self, request: Request, resource: Settled, previous: Request) -> Updated:
        left_out = set(previous.properties["Topics"]) - set(request.properties["Topics"])
        self._take_away(request, left_out)
        self.create(request)
        return Updated(resource)

    def delete(self, request: Request, resource: Settled) -> None:  # noqa: ARG002
        self._take_away(request, set(request.properties["Topics"]))

    def _take_away(self, request: Request, arns: set[str]) -> None:
        for arn in arns & set(sns_of(request).topics):
            topic = sns_of(request).topics[arn]
            topic._policy_json = topic._create_default_topic_policy(
                request.place.region, request.place.account, topic.name
            )


class SubscriptionType(PlainType):
    def create(self, request: Request) -> Settled:
        properties = request.properties
        sns = sns_of(request)
        subscription = sns.subscribe(properties["TopicArn"], properties["Endpoint"], properties["Protocol"])
        _configure(sns, subscription.arn, properties)
        return Settled(subscription.arn, {"Arn": subscription.arn})

    def update(self, request: Request, resource: Settled, previous: Request) -> Updated:
        identity = ("TopicArn", "Endpoint", "Protocol")
        if any(request.properties.get(name) != previous.properties.get(name) for name in identity):
            return Updated(self.create(request), replaced=True)
        _configure(sns_of(request), resource.physical_resource_id, request.properties)
        return Updated(resource)

    def delete(self, request: Request, resource: Settled) -> None:
        sns_of(request).unsubscribe(resource.physical_resource_id)


def _configure(sns: SNSBackend, arn: str, properties: dict[str, Any]) -> None:
    for name in ("FilterPolicyScope", "FilterPolicy", "RawMessageDelivery"):
        if (value := properties.get(name)) is not None:
            sns.set_subscription_attributes(arn, name, json.dumps(value) if name == "FilterPolicy" else value)
