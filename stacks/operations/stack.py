"""What watches, renews, tells and repairs: doorbell and who rings it, functions, topic, alarms, dashboard."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from aws_cdk import Aws, CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.operations.alarms import NAMESPACE, Alarms
from stacks.operations.dashboard import add_dashboard
from stacks.operations.document import command_document
from stacks.operations.functions import function_package
from stacks.operations.policies import common_statements, health_statements, renewal_statements
from stacks.operations.schedules import add_schedule
from stacks.operations.topic import Topic
from stacks.operations.user_changes import ring_on_user_changes
from stacks.settings.settings import Settings

# The verb may take 10 minutes, and telling how it went one more.
RENEWAL_TIMEOUT = Duration.minutes(12)
# A probe of at most 60 s, a diagnosis of 45, a repair of 75, and what AWS takes.
HEALTH_TIMEOUT = Duration.minutes(4)
MEMORY_MIB = 256


class Operations(Stack):
    def __init__(
        self,
        scope: Construct,
        stack_id: str,
        *,
        settings: Settings,
        images: s3.IBucket,
        state: s3.IBucket,
        address: ec2.CfnEIP,
        lambdas: Path,
    ) -> None:
        """``lambdas`` is the folder of the functions' code and of their pinned requirements."""
        super().__init__(
            scope, stack_id, description=f"Private Docker registry: watching over {settings.domain_name}"
        )
        self._domain_name = settings.domain_name
        self._state = state
        self._code = function_package(lambdas)
        self._document = command_document(self, "Verbs")
        self._topic = Topic(self, "Alerts", email=settings.alert_email)
        self._environment = {
            "DOMAIN_NAME": settings.domain_name,
            "ADDRESS": address.ref,
            "DOCUMENT_NAME": self._document.ref,
            "TOPIC_ARN": self._topic.topic.topic_arn,
            "STATE_BUCKET": state.bucket_name,
            "RUNBOOK": settings.runbook_url or "docs/runbook.md",
            "POWERTOOLS_SERVICE_NAME": settings.domain_name,
            "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
        }
        renewal = self._function(
            "RenewCertificate",
            "lambdas.renew_certificate.handler",
            RENEWAL_TIMEOUT,
            renewal_statements(domain_name=settings.domain_name, state=state),
            {},
        )
        health = self._function(
            "CheckHealth",
            "lambdas.check_health.handler",
            HEALTH_TIMEOUT,
            health_statements(
                domain_name=settings.domain_name,
                parameter_path=settings.parameter_path,
                topic=self._topic.topic,
                state=state,
                renewal=renewal,
                repair_enabled=settings.repair_enabled,
            ),
            {
                "HEALTH_PARAMETER": f"{settings.parameter_path}/users/pull/health",
                "RENEWAL_FUNCTION": renewal.function_name,
                "REPAIR_ENABLED": "true" if settings.repair_enabled else "false",
            },
        )
        lost = self._lost_runs()
        self._schedules(settings, health, renewal, lost)
        ring_on_user_changes(
            self,
            "UserChanges",
            domain_name=settings.domain_name,
            parameter_path=settings.parameter_path,
            document=self._document,
            lost=lost,
        )
        alarms = Alarms(
            self,
            "Alarms",
            domain_name=settings.domain_name,
            health_schedule=settings.health_schedule,
            renewal_schedule=settings.renewal_schedule,
            health=health,
            renewal=renewal,
            lost=lost,
            topic=self._topic.topic,
        )
        dashboard = add_dashboard(
            self, "Dashboard", domain_name=settings.domain_name, images=images, alarms=alarms.all
        )
        self._outputs(settings, renewal, dashboard.dashboard_name)

    def _function(
        self,
        name: str,
        handler: str,
        timeout: Duration,
        statements: Sequence[iam.PolicyStatement],
        environment: Mapping[str, str],
    ) -> functions.Function:
        log_group = logs.LogGroup(
            self,
            f"{name}Log",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.DESTROY,
        )
        common = common_statements(
            domain_name=self._domain_name,
            document=self._document,
            log_group=log_group,
            topic=self._topic.topic,
            key=self._topic.key,
            state=self._state,
        )
        role = iam.Role(
            self,
            f"{name}Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={"function": iam.PolicyDocument(statements=[*common, *statements])},
        )
        return functions.Function(
            self,
            name,
            description=f"{self._domain_name}: {handler.split('.')[1].replace('_', ' ')}",
            runtime=functions.Runtime.PYTHON_3_13,
            architecture=functions.Architecture.ARM_64,
            handler=handler,
            code=self._code,
            role=role,
            log_group=log_group,
            memory_size=MEMORY_MIB,
            timeout=timeout,
            environment={**self._environment, **environment},
            # A failed run is told at once; the next one comes by itself.
            retry_attempts=0,
        )

    def _lost_runs(self) -> sqs.Queue:
        return sqs.Queue(
            self,
            "LostRuns",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )

    def _schedules(
        self, settings: Settings, health: functions.IFunction, renewal: functions.IFunction, lost: sqs.IQueue
    ) -> None:
        zone = settings.schedule_time_zone
        add_schedule(
            self,
            "Renewal",
            expression=settings.renewal_schedule,
            time_zone=zone,
            function=renewal,
            lost=lost,
            # Everybody's first of the month is busy at the certificate authority.
            flexible_minutes=60,
            longest_delay=Duration.hours(12),
            retries=10,
        )
        add_schedule(
            self,
            "Health",
            expression=settings.health_schedule,
            time_zone=zone,
            function=health,
            lost=lost,
            flexible_minutes=1,
            # A late check says nothing that the next one does not.
            longest_delay=Duration.minutes(4),
            retries=2,
        )

    def _outputs(self, settings: Settings, renewal: functions.IFunction, dashboard: str) -> None:
        here = f"--region {Aws.REGION}"
        CfnOutput(
            self,
            "ConfirmAlerts",
            value=(
                f"aws sns get-topic-attributes --topic-arn {self._topic.topic.topic_arn}"
                f" --query Attributes.SubscriptionsConfirmed --output text {here}"
            ),
            description=f"0 until the mail to {settings.alert_email} is confirmed: nobody gets alerts",
        )
        CfnOutput(
            self,
            "RenewNow",
            value=(
                f"aws lambda invoke --function-name {renewal.function_name} --cli-read-timeout 0 {here}"
                " /dev/stdout"
            ),
            description="Renews the certificate if a third of its life has passed, and says how it went",
        )
        CfnOutput(
            self,
            "DashboardUrl",
            value=(
                f"https://{Aws.REGION}.console.aws.amazon.com/cloudwatch/home?region={Aws.REGION}"
                f"#dashboards/dashboard/{dashboard}"
            ),
        )
