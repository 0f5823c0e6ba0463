"""The topic that carries the mails, and how many people it reaches."""

from typing import TYPE_CHECKING

from lambdas.tell.alert import Message

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


def publish(sns: "SNSClient", topic_arn: str, message: Message) -> None:
    sns.publish(TopicArn=topic_arn, Subject=message.subject, Message=message.body)


def count_receivers(sns: "SNSClient", topic_arn: str) -> int:
    """Confirmed subscriptions. Without one, nobody receives an alert."""
    attributes = sns.get_topic_attributes(TopicArn=topic_arn)["Attributes"]
    return int(attributes.get("SubscriptionsConfirmed", "0"))
