"""What SNS does with e-mail: a subscription counts once its owner has followed the link in a mail.

https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from moto.sns.models import Subscription

from rehearsal.cloud.cloudwatch.metrics import Metrics
from rehearsal.cloud.core.clock import Clock

PENDING = "PendingConfirmation"
SENDER = "AWS Notifications <no-reply@sns.amazonaws.com>"
# "must be ASCII text that begins with a letter, number, or punctuation mark; must not include line breaks or
# control characters; and must be less than 100 characters long" (SNS API reference, Publish).
LONGEST_SUBJECT = 99
SUBJECT = re.compile(rf"[\x21-\x7e][\x20-\x7e]{{0,{LONGEST_SUBJECT - 1}}}")


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail. ``link``: the one to follow, in a confirmation; empty in a notification."""

    to: str
    sender: str
    subject: str
    body: str
    topic_arn: str
    link: str = ""


class UndeliverableError(Exception):
    """The receiver's mail server takes no letter."""


class Mail:
    """``post`` takes the letters, or raises UndeliverableError; until it is set, letters are lost."""

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        self.post: Callable[[Letter], None] = lambda _letter: None
        self.subscriptions_by_token: dict[str, str] = {}
        self._clock = clock
        self._metrics = metrics

    def ask_for_confirmation(self, subscription: Subscription) -> None:
        subscription.attributes |= {PENDING: True, "ConfirmationWasAuthenticated": False}
        token = secrets.token_hex(64)
        self.subscriptions_by_token[token] = subscription.arn
        link = _link(subscription, "ConfirmSubscription", Token=token, Endpoint=subscription.endpoint)
        text = (
            f"You have chosen to subscribe to the topic:\n{subscription.topic_arn}\n\n"
            f"To confirm this subscription, click or visit the link below:\n{link}\n"
        )
        subject = "AWS Notification - Subscription Confirmation"
        self.post(Letter(subscription.endpoint, SENDER, subject, text, subscription.topic_arn, link))

    def notify(self, subscription: Subscription, message: str, subject: str) -> None:
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


def _link(subscription: Subscription, action: str, **parameters: str) -> str:
    region = subscription.topic.sns_backend.region_name
    query = {"Action": action, "TopicArn": subscription.topic_arn, **parameters}
    return f"https://sns.{region}.amazonaws.com/?{urlencode(query)}"
