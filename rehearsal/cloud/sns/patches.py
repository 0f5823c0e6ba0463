"""What SNS does otherwise than moto: e-mail subscriptions are confirmed, and get mail."""

import re
from typing import Any

from moto.core.responses import ActionResult
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.sns.exceptions import InvalidParameterValue, SNSInvalidParameter, SNSNotFoundError
from moto.sns.models import SNSBackend, Subscription, Topic
from moto.sns.responses import SNSResponse

from rehearsal.cloud.core.patches import Patches
from rehearsal.cloud.core.regions import Regions
from rehearsal.cloud.sns.mail import PENDING, SUBJECT

EMAIL = ("email", "email-json")
MAILED_LINK = re.compile(r"sns\.[a-z0-9-]+\.amazonaws\.com")
CONFIRMED_AT_ONCE = "moto confirms every subscription at once"
COUNTS_ALL = "moto counts and lists pending subscriptions as confirmed"


def patch(patches: Patches, regions: Regions) -> None:
    _confirm(patches, regions)
    _deliver(patches, regions)
    _tell_what_is_pending(patches)


def _confirm(patches: Patches, regions: Regions) -> None:
    @patches.wrap(SNSBackend, because=CONFIRMED_AT_ONCE)
    def subscribe(original: Any, sns: SNSBackend, topic_arn: str, endpoint: str, protocol: str) -> Subscription:
        known = sns._find_subscription(topic_arn, endpoint, protocol)
        subscription: Subscription = original(sns, topic_arn, endpoint, protocol)
        if protocol in EMAIL and not subscription.confirmed:
            # Subscribing again sends the question again.
            regions.of(sns.region_name).mail.ask_for_confirmation(subscription)
        elif known is None:
            subscription.confirmed = True
        return subscription

    @patches.replace(SNSResponse, because=CONFIRMED_AT_ONCE)
    def confirm_subscription(response: SNSResponse) -> ActionResult:
        topic_arn = response._get_param("TopicArn")
        if topic_arn not in response.backend.topics:
            raise SNSNotFoundError("Topic does not exist")
        mail = regions.of(response.region).mail
        arn = mail.subscriptions_by_token.get(response._get_param("Token"))
        subscription = response.backend.subscriptions.get(arn or "")
        if subscription is None or subscription.topic_arn != topic_arn:
            raise SNSInvalidParameter("Invalid parameter: Token")
        subscription.confirmed = True
        subscription.attributes[PENDING] = False
        return ActionResult({"SubscriptionArn": subscription.arn})

    @patches.wrap(
        DomainDispatcherApplication,
        because="the links in SNS's mails are unsigned, and name their service by host; moto takes them for S3's",
    )
    def infer_service_region_host(original: Any, self: Any, environ: dict[str, Any], path: str) -> str | None:
        host = str(environ.get("HTTP_HOST", "")).lower()
        if "HTTP_AUTHORIZATION" not in environ and MAILED_LINK.fullmatch(host):
            return host
        inferred: str | None = original(self, environ, path)
        return inferred


def _deliver(patches: Patches, regions: Regions) -> None:
    @patches.wrap(Subscription, because="moto delivers no e-mail")
    def publish(original: Any, subscription: Subscription, message: str, message_id: str, **more: Any) -> None:
        if subscription.protocol not in EMAIL:
            original(subscription, message, message_id, **more)
        elif subscription.confirmed:
            if more.get("message_structure") == "json":
                message = subscription._parse_message_structure(message, subscription.protocol)
            mail = regions.of(subscription.topic.sns_backend.region_name).mail
            mail.notify(subscription, message, more.get("subject") or "AWS Notification Message")

    _refuse_bad_messages(patches)


def _refuse_bad_messages(patches: Patches) -> None:
    @patches.wrap(Topic, because="moto takes subjects and empty messages that SNS refuses")
    def publish(original: Any, topic: Topic, message: str, subject: str | None = None, **more: Any) -> str:
        if subject is not None and not SUBJECT.fullmatch(subject):
            raise InvalidParameterValue("Invalid parameter: Subject")
        if not message:
            raise InvalidParameterValue("Invalid parameter: Empty message")
        message_id: str = original(topic, message, subject=subject, **more)
        return message_id


def _tell_what_is_pending(patches: Patches) -> None:
    @patches.wrap(SNSResponse, because=COUNTS_ALL)
    def get_topic_attributes(original: Any, response: SNSResponse) -> ActionResult:
        topic = response.backend.get_topic(response._get_param("TopicArn"))
        confirmed = [each.confirmed for each in response.backend._get_topic_subscriptions(topic)]
        topic.subscriptions_confimed = confirmed.count(True)
        topic.subscriptions_pending = confirmed.count(False)
        attributes: ActionResult = original(response)
        return attributes

    @patches.replace(SNSResponse, because=COUNTS_ALL)
    def list_subscriptions(response: SNSResponse) -> ActionResult:
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

    @patches.replace(SNSResponse, because=COUNTS_ALL)
    def list_subscriptions_by_topic(response: SNSResponse) -> ActionResult:
        return list_subscriptions(response)

    @patches.wrap(SNSResponse, because="Subscribe answers with no ARN while the subscription is pending")
    def subscribe(original: Any, response: SNSResponse) -> ActionResult:
        answer: ActionResult = original(response)
        made: Any = answer.result
        subscription = response.backend.subscriptions[made["SubscriptionArn"]]
        if not subscription.confirmed and not response._get_bool_param("ReturnSubscriptionArn"):
            return ActionResult({"SubscriptionArn": "pending confirmation"})
        return answer
