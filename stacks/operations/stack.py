"""The registry's operations: health checks, renewals, repairs and alerts."""

from pathlib import Path

from aws_cdk import Aws, CfnOutput, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_sqs as sqs
from constructs import Construct

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
        self,
        scope: Construct,
        stack_id: str,
        *,
        settings: Settings,
        storage: StorageStack,
        address: ec2.CfnEIP,
        lambdas: Path,
    ) -> None:
        super().__init__(scope, stack_id, description=f"Private Docker registry: watching over {settings.domain_name}")
        document = command_document(self, "Verbs")
        alerts = Alerts(self, "Alerts", email=settings.alert_email)
        functions = add_functions(
            self,
            settings=settings,
            lambdas=lambdas,
            document=document,
            alerts=alerts,
            state=storage.state,
            address=address,
        )
        lost = sqs.Queue(
            self,
            "LostRuns",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        add_schedules(self, settings=settings, functions=functions, lost=lost)
        ring_on_user_changes(self, "UserChanges", settings=settings, document=document, lost=lost)
        alarms = add_alarms(self, "Alarms", settings=settings, functions=functions, lost=lost, topic=alerts.topic)
        dashboard = add_dashboard(
            self, "Dashboard", domain_name=settings.domain_name, images=storage.images, alarms=alarms
        )
        CfnOutput(
            self,
            "ConfirmAlerts",
            value=(
                f"aws sns get-topic-attributes --topic-arn {alerts.topic.topic_arn}"
                f" --query Attributes.SubscriptionsConfirmed --output text --region {Aws.REGION}"
            ),
            description=f"0: confirm the mail to {settings.alert_email} to get alerts",
        )
        CfnOutput(
            self,
            "RenewNow",
            value=(
                f"aws lambda invoke --function-name {functions.renewal.function_name}"
                f" --cli-read-timeout 0 --region {Aws.REGION} /dev/stdout"
            ),
            description="Renews the certificate if a third of its life has passed, and reports the outcome",
        )
        CfnOutput(
            self,
            "DashboardUrl",
            value=(
                f"https://{Aws.REGION}.console.aws.amazon.com/cloudwatch/home?region={Aws.REGION}"
                f"#dashboards/dashboard/{dashboard.dashboard_name}"
            ),
        )
