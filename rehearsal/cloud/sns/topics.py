"""What SNS does with e-mail: a subscription counts once its owner has followed the link that was sent to it.

https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from moto.core.responses import ActionResult, EmptyResult
from moto.sns.exceptions import InvalidParameterValue, SNSInvalidParameter, SNSNotFoundError
from moto.sns.models import SNSBackend, Subscription, Topic
from moto.sns.responses import SNSResponse

from rehearsal.cloud.cloudwatch.metrics import Metrics
from rehearsal.cloud.core.clock import Clock
from rehearsal.cloud.core.patches import Patches

EMAIL = ("email", "email-json")
PENDING = "PendingConfirmation"
SENDER = "AWS Notifications <no-reply@sns.amazonaws.com>"
# "must be ASCII text that begins with a letter, number, or punctuation mark; must not include line breaks or
# control characters; and must be less than 100 characters long" (SNS API reference, Publish).
LONGEST_SUBJECT = 99
SUBJECT = re.compile(rf"[\x21-\x7e][\x20-\x7e]{{0,{LONGEST_SUBJECT - 1}}}")


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail. link: what its receiver is to follow, in a confirmation; empty in a notification."""

    to: str
    sender: str
    subject: str
    body: str
    topic_arn: str
    link: str = ""


class UndeliverableError(Exception):
    """The receiver's mail server takes no letter."""


class Topics:
    """post takes the letters, or raises UndeliverableError; nobody reads them until somebody sets it."""

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        self.post: Callable[[Letter], None] = lambda _letter: None
        self._clock = clock
        self._metrics = metrics
        self._tokens: dict[str, str] = {}

    def patch(self, patches: Patches) -> None:
        """moto confirms every subscription at once, and delivers no e-mail."""
        self._ask_for_confirmation(patches)
        self._deliver(patches)
        self._tell_what_is_pending(patches)

    def _ask_for_confirmation(self, patches: Patches) -> None:
        topics = self

        def subscribe(sns: SNSBackend, topic_arn: str, endpoint: str, protocol: str) -> Subscription:
            known = sns._find_subscription(topic_arn, endpoint, protocol)
            subscription: Subscription = original(sns, topic_arn, endpoint, protocol)
            if protocol in EMAIL and not subscription.confirmed:
                # Subscribing again sends the question again.
                topics._ask(subscription)
            elif known is None:
                subscription.confirmed = True
            return subscription

        original = patches.replace(SNSBackend, "subscribe", subscribe)

        def confirm_subscription(response: SNSResponse) -> ActionResult:
            topic_arn = response._get_param("TopicArn")
            if topic_arn not in response.backend.topics:
                raise SNSNotFoundError("Topic does not exist")
            arn = topics._tokens.get(response._get_param("Token"))
            subscription = response.backend.subscriptions.get(arn or "")
            if subscription is None or subscription.topic_arn != topic_arn:
                raise SNSInvalidParameter("Invalid parameter: Token")
            subscription.confirmed = True
            subscription.attributes[PENDING] = False
            return ActionResult({"SubscriptionArn": subscription.arn})

        patches.replace(SNSResponse, "confirm_subscription", confirm_subscription)

        def unsubscribe(response: SNSResponse) -> ActionResult:
            arn = response._get_param("SubscriptionArn")
            subscription = response.backend.subscriptions.get(arn)
            if arn == PENDING or (subscription and not subscription.confirmed):
                raise SNSInvalidParameter(
                    "Invalid parameter: SubscriptionArn Reason: it is pending confirmation"
                )
            response.backend.unsubscribe(arn)
            return EmptyResult()

        patches.replace(SNSResponse, "unsubscribe", unsubscribe)

    def _ask(self, subscription: Subscription) -> None:
        subscription.attributes |= {PENDING: True, "ConfirmationWasAuthenticated": False}
        token = secrets.token_hex(64)
        self._tokens[token] = subscription.arn
        link = _link(subscription, "ConfirmSubscription", Token=token, Endpoint=subscription.endpoint)
        text = (
            f"You have chosen to subscribe to the topic:\n{subscription.topic_arn}\n\n"
            f"To confirm this subscription, click or visit the link below:\n{link}\n"
        )
        subject = "AWS Notification - Subscription Confirmation"
        self.post(Letter(subscription.endpoint, SENDER, subject, text, subscription.topic_arn, link))

    def _deliver(self, patches: Patches) -> None:
        topics = self

        def publish(subscription: Subscription, message: str, message_id: str, **more: Any) -> None:
            if subscription.protocol not in EMAIL:
                original(subscription, message, message_id, **more)
            elif subscription.confirmed:
                if more.get("message_structure") == "json":
                    message = subscription._parse_message_structure(message, subscription.protocol)
                topics._send(subscription, message, more.get("subject") or "AWS Notification Message")

        original = patches.replace(Subscription, "publish", publish)

        def publish_to_topic(topic: Topic, message: str, subject: str | None = None, **more: Any) -> str:
            if subject is not None and not SUBJECT.fullmatch(subject):
                raise InvalidParameterValue("Invalid parameter: Subject")
            if not message:
                raise InvalidParameterValue("Invalid parameter: Empty message")
            message_id: str = of_topic(topic, message, subject=subject, **more)
            return message_id

        of_topic = patches.replace(Topic, "publish", publish_to_topic)

    def _send(self, subscription: Subscription, message: str, subject: str) -> None:
        link = _link(subscription, "Unsubscribe", SubscriptionArn=subscription.arn)
        text = (
            f"{message}\n\n--\nIf you wish to stop receiving notifications from this topic,"
            f" please click or visit the link below to unsubscribe:\n{link}\n"
        )
        delivered = True
        try:
            self.post(Letter(subscription.endpoint, SENDER, subject, text, subscription.topic_arn))
        except UndeliverableError:
            delivered = False
        self._metrics.record_notification(subscription.topic_arn, delivered=delivered, at=self._clock.now())

    def _tell_what_is_pending(self, patches: Patches) -> None:
        def get_topic_attributes(response: SNSResponse) -> ActionResult:
            topic = response.backend.get_topic(response._get_param("TopicArn"))
            confirmed = [each.confirmed for each in response.backend._get_topic_subscriptions(topic)]
            topic.subscriptions_confimed = confirmed.count(True)
            topic.subscriptions_pending = confirmed.count(False)
            attributes: ActionResult = of_topic(response)
            return attributes

        of_topic = patches.replace(SNSResponse, "get_topic_attributes", get_topic_attributes)

        def listed(response: SNSResponse) -> ActionResult:
            wanted = response._get_param("TopicArn")
            rows = [
                {
                    "SubscriptionArn": each.arn if each.confirmed else PENDING,
                    "Owner": each.owner,
                    "Protocol": each.protocol,
                    "Endpoint": each.endpoint,
                    "TopicArn": each.topic_arn,
                }
                for each in response.backend.subscriptions.values()
                if wanted in (None, each.topic_arn)
            ]
            return ActionResult({"Subscriptions": rows})

        patches.replace(SNSResponse, "list_subscriptions", listed)
        patches.replace(SNSResponse, "list_subscriptions_by_topic", listed)

        def subscribe(response: SNSResponse) -> ActionResult:
            answer: ActionResult = by_api(response)
            made: Any = answer.result
            subscription = response.backend.subscriptions[made["SubscriptionArn"]]
            if not subscription.confirmed and not response._get_bool_param("ReturnSubscriptionArn"):
                return ActionResult({"SubscriptionArn": "pending confirmation"})
            return answer

        by_api = patches.replace(SNSResponse, "subscribe", subscribe)


def _link(subscription: Subscription, action: str, **parameters: str) -> str:
    region = subscription.topic.sns_backend.region_name
    query = {"Action": action, "TopicArn": subscription.topic_arn, **parameters}
    return f"https://sns.{region}.amazonaws.com/?{urlencode(query)}"
