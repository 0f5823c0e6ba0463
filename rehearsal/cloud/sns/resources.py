"""SNS topics, their policies and subscriptions, and what a request asks for."""

from collections.abc import Iterable

from moto.sns.models import Topic, sns_backends

from rehearsal.cloud.cloudformation.resource_type import AttachedPolicyType, MotoType, Request, ResourceType, Settled
from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.policy import Resource
from rehearsal.cloud.iam.request import UNKNOWN, Ask, Parameter
from rehearsal.cloud.kms import keys

SIGNING_NAME = "sns"


class TopicType(MotoType):
    """moto deletes a topic to change it, and with it all confirmed subscriptions."""

    identity = ("TopicName",)

    def change(self, request: Request, resource: Topic, previous: Request) -> Topic:  # noqa: ARG002
        resource.kms_master_key_id = request.properties.get("KmsMasterKeyId", "")
        resource.display_name = request.properties.get("DisplayName", "")
        return resource


class TopicPolicyType(AttachedPolicyType):
    """moto has no type of this name."""

    holders = "Topics"

    def attach(self, request: Request, holder: str, document: str | None) -> None:
        sns = request.scope.regional(sns_backends)
        if document:
            sns.get_topic(holder).policy = document
        elif topic := sns.topics.get(holder):
            topic._policy_json = topic._create_default_topic_policy(
                request.scope.region, request.scope.account, topic.name
            )


class SubscriptionType(ResourceType):
    """moto has no type of this name."""

    identity = ("TopicArn", "Endpoint", "Protocol")

    def create(self, request: Request) -> Settled:
        properties = request.properties
        if unplayed := sorted(properties.keys() - set(self.identity)):
            raise NotImplementedError(f"the rehearsal's SNS has no subscriptions with {', '.join(unplayed)} yet")
        sns = request.scope.regional(sns_backends)
        subscription = sns.subscribe(properties["TopicArn"], properties["Endpoint"], properties["Protocol"])
        return Settled(subscription.arn, {"Arn": subscription.arn})

    def delete(self, request: Request, resource: Settled) -> None:
        request.scope.regional(sns_backends).unsubscribe(resource.physical_resource_id)


def asks(scope: Scope, operation: str, parameter: Parameter) -> Iterable[Ask]:
    arn = parameter("TopicArn")
    yield Ask(f"sns:{operation}", [Resource(str(arn))] if arn else UNKNOWN)
    topic = scope.regional(sns_backends).topics.get(str(arn))
    if operation == "Publish" and topic:
        yield from keys.asks(scope, topic.kms_master_key_id or "")


TYPES = {
    "AWS::SNS::Subscription": SubscriptionType(),
    "AWS::SNS::Topic": TopicType(),
    "AWS::SNS::TopicPolicy": TopicPolicyType(),
}
