"""The alerts' topic: encrypted at rest, over TLS only, with one e-mail address as its subscriber."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.statements import allow, service_for_this_account


class Alerts(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, email: str) -> None:
        super().__init__(scope, construct_id)
        # CloudWatch alarms cannot use SNS's own key.
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
        self.key = kms.Key(
            self,
            "Key",
            description="Encrypts a registry's alerts",
            enable_key_rotation=True,
            pending_window=Duration.days(7),
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.topic = sns.Topic(self, "Topic", master_key=self.key, enforce_ssl=True)
        self.topic.add_subscription(subscriptions.EmailSubscription(email))
        alarms = service_for_this_account("cloudwatch.amazonaws.com")
        self.key.add_to_resource_policy(
            allow("Alarms", ["kms:Decrypt", "kms:GenerateDataKey"], ["*"], principal=alarms)
        )
        self.topic.add_to_resource_policy(allow("Alarms", ["sns:Publish"], [self.topic.topic_arn], principal=alarms))
