"""The registry's operations: health checks, renewals, repairs and alerts."""

from pathlib import Path

from aws_cdk import Aws, CfnOutput, Duration, Stack
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.dns import DnsStack
from stacks.operations.alarms import add_alarms
from stacks.operations.dashboard import add_dashboard
from stacks.operations.document import command_document
from stacks.operations.functions import add_functions
from stacks.operations.schedules import add_schedules
from stacks.operations.topic import Alerts
from stacks.operations.user_changes import ring_on_user_changes
from stacks.settings.settings import Settings
from stacks.storage import StorageStack


class OperationsStack(Stack):
    def __init__(
        self, scope: Construct, name: str, *, settings: Settings, storage: StorageStack, dns: DnsStack, lambdas: Path
    ) -> None:
        super().__init__(scope, name, description=f"Private Docker registry: watching over {settings.domain_name}")
        document = command_document(self, "Verbs")
        alerts = Alerts(self, "Alerts", email=settings.alert_email)
        functions = add_functions(
            self, settings=settings, storage=storage, dns=dns, document=document, alerts=alerts, lambdas=lambdas
        )
        own_key, two_weeks = sqs.QueueEncryption.SQS_MANAGED, Duration.days(14)
        lost = sqs.Queue(self, "LostRuns", encryption=own_key, enforce_ssl=True, retention_period=two_weeks)
        add_schedules(self, settings=settings, functions=functions, lost=lost)
        ring_on_user_changes(self, "UserChanges", settings=settings, document=document, lost=lost)
        alarms = add_alarms(self, settings=settings, functions=functions, lost=lost, topic=alerts.topic)
        dashboard = add_dashboard(self, domain_name=settings.domain_name, images=storage.images, alarms=alarms)
        confirmed = (
            f"aws sns get-topic-attributes --topic-arn {alerts.topic.topic_arn}"
            f" --query Attributes.SubscriptionsConfirmed --output text --region {Aws.REGION}"
        )
        renew = (
            f"aws lambda invoke --function-name {functions.renewal.function_name}"
            f" --cli-read-timeout 0 --region {Aws.REGION} /dev/stdout"
        )
        console = f"https://{Aws.REGION}.console.aws.amazon.com/cloudwatch/home?region={Aws.REGION}"
        unconfirmed = f"0: confirm the mail to {settings.alert_email} to get alerts"
        outcome = "Renews the certificate if a third of its life has passed, and reports the outcome"
        CfnOutput(self, "ConfirmAlerts", value=confirmed, description=unconfirmed)
        CfnOutput(self, "RenewNow", value=renew, description=outcome)
        CfnOutput(self, "DashboardUrl", value=f"{console}#dashboards/dashboard/{dashboard.dashboard_name}")
