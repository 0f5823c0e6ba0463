"""SNS sends mail to confirmed subscriptions, for publishers with the right."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.sns.mail import Letter
from tests.support.cloud_account import Account, allow, confirm, document, follow, resource, running_account

ADDRESS = "me@example.com"
MAIL = resource("AWS::SNS::Subscription", TopicArn={"Ref": "Topic"}, Protocol="email", Endpoint=ADDRESS)
# As the CDK writes it: it leaves the right to the account's policies.
ROOT = {**allow("kms:*", "*"), "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}
KEY = resource("AWS::KMS::Key", KeyPolicy=document(ROOT))


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with running_account() as running:
        yield running


@pytest.fixture
def topic(account: Account, letters: list[Letter]) -> Iterator[str]:
    """An encrypted topic with one unconfirmed subscription."""
    assert letters == []
    topic = resource("AWS::SNS::Topic", KmsMasterKeyId={"Ref": "Key"})
    outputs = {"Topic": {"Value": {"Ref": "Topic"}}, "Key": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}}}
    account.create("alerts", {"Resources": {"Topic": topic, "Mail": MAIL, "Key": KEY}, "Outputs": outputs})
    yield output(account, "Topic")
    account.delete("alerts")


def output(account: Account, name: str) -> str:
    outputs = {each["OutputKey"]: each["OutputValue"] for each in account.stack("alerts")["Outputs"]}
    return str(outputs[name])


def states(account: Account, topic: str) -> tuple[str, str]:
    attributes = account.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    return attributes["SubscriptionsConfirmed"], attributes["SubscriptionsPending"]


def publish(client: Any, topic: str, **message: str) -> None:
    client.publish(TopicArn=topic, **({"Subject": "DOWN", "Message": "It broke."} | message))


def test_a_new_subscription_waits_for_confirmation(account: Account, letters: list[Letter], topic: str) -> None:
    publish(account.client("sns"), topic)
    assert [(each.to, each.subject) for each in letters] == [(ADDRESS, "AWS Notification - Subscription Confirmation")]
    assert letters[0].link in letters[0].body
    assert states(account, topic) == ("0", "1")
    (row,) = account.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert row["SubscriptionArn"] == "PendingConfirmation"


def test_a_confirmed_subscription_gets_the_notifications(account: Account, letters: list[Letter], topic: str) -> None:
    confirm(account, letters)
    assert states(account, topic) == ("1", "0")
    publish(account.client("sns"), topic)
    mail = letters[-1]
    assert (mail.to, mail.subject, mail.sender) == (ADDRESS, "DOWN", "AWS Notifications <no-reply@sns.amazonaws.com>")
    assert mail.body.startswith("It broke.\n")


def test_a_changed_link_confirms_nothing(account: Account, letters: list[Letter], topic: str) -> None:
    token = letters[0].link.split("Token=")[1].split("&")[0]
    assert follow(account, letters[0].link.replace(token, "0" * len(token))) == 400
    assert states(account, topic) == ("0", "1")


def test_the_link_in_a_mail_ends_the_subscription(account: Account, letters: list[Letter], topic: str) -> None:
    confirm(account, letters)
    publish(account.client("sns"), topic)
    link = letters[-1].body.split()[-1]
    assert follow(account, link) == 200
    publish(account.client("sns"), topic)
    assert len(letters) == 2


def test_email_gets_the_text_written_for_email(account: Account, letters: list[Letter], topic: str) -> None:
    confirm(account, letters)
    message = '{"default": "for machines", "email": "for people"}'
    account.client("sns").publish(TopicArn=topic, MessageStructure="json", Message=message)
    assert letters[-1].body.startswith("for people\n")


@pytest.mark.parametrize("subject", ["x" * 100, "two\nlines", "größer"])
def test_a_subject_that_sns_does_not_send_is_refused(account: Account, topic: str, subject: str) -> None:
    with pytest.raises(ClientError, match="Invalid parameter: Subject"):
        publish(account.client("sns"), topic, Subject=subject)


def test_publishing_needs_a_permission_on_the_topic(account: Account, letters: list[Letter], topic: str) -> None:
    confirm(account, letters)
    stranger = account.client_of_user("sns", allow("sns:Publish", f"{topic}-other"), allow("kms:*", "*"))
    with pytest.raises(ClientError, match=r"sns:Publish on resource"):
        publish(stranger, topic)
    assert len(letters) == 1


@pytest.mark.parametrize("key_action", ["kms:GenerateDataKey", "kms:Decrypt"])
def test_publishing_to_an_encrypted_topic_needs_both_permissions_on_its_key(
    account: Account, letters: list[Letter], topic: str, key_action: str
) -> None:
    confirm(account, letters)
    may_publish, key = allow("sns:Publish", topic), output(account, "Key")
    half = account.client_of_user("sns", may_publish, allow(key_action, key))
    with pytest.raises(ClientError, match="KMSAccessDenied"):
        publish(half, topic)
    assert len(letters) == 1
    publish(account.client_of_user("sns", may_publish, allow("kms:*", key)), topic)
    assert len(letters) == 2
