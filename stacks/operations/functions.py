"""The two Lambda functions: the health check and the certificate's renewal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.operations.metrics import NAMESPACE
from stacks.operations.package import function_package
from stacks.operations.policies import common_statements, health_statements, renewal_statements
from stacks.operations.topic import Alerts
from stacks.settings.settings import Settings
from stacks.statements import service_role

# 10 minutes for the verb, and one to report its outcome.
RENEWAL_TIMEOUT = Duration.minutes(12)
# A probe of at most 60 s, a diagnosis of 45 s, a repair of 75 s, and AWS's own delays.
HEALTH_TIMEOUT = Duration.minutes(4)
MEMORY_MIB = 256


@dataclass(frozen=True, slots=True)
class Functions:
    health: lambda_.Function
    renewal: lambda_.Function


def add_functions(
    scope: Construct,
    *,
    settings: Settings,
    lambdas: Path,
    document: ssm.CfnDocument,
    alerts: Alerts,
    state: s3.IBucket,
    address: ec2.CfnEIP,
) -> Functions:
    """``lambdas`` is the folder of the functions' code and of their pinned requirements."""
    package = function_package(lambdas)
    common_environment = {
        "DOMAIN_NAME": settings.domain_name,
        "ADDRESS": address.ref,
        "DOCUMENT_NAME": document.ref,
        "TOPIC_ARN": alerts.topic.topic_arn,
        "STATE_BUCKET": state.bucket_name,
        "RUNBOOK": settings.runbook_url or "docs/runbook.md",
        "POWERTOOLS_SERVICE_NAME": settings.domain_name,
        "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
    }

    def function(
        name: str,
        module: str,
        timeout: Duration,
        statements: Sequence[iam.PolicyStatement],
        environment: Mapping[str, str],
    ) -> lambda_.Function:
        log_group = logs.LogGroup(
            scope, f"{name}Log", retention=logs.RetentionDays.THREE_MONTHS, removal_policy=RemovalPolicy.DESTROY
        )
        common = common_statements(
            domain_name=settings.domain_name, document=document, log_group=log_group, alerts=alerts, state=state
        )
        return lambda_.Function(
            scope,
            name,
            description=f"{settings.domain_name}: {module.replace('_', ' ')}",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"lambdas.{module}.handler",
            code=package,
            role=service_role(
                scope, f"{name}Role", iam.ServicePrincipal("lambda.amazonaws.com"), "function", [*common, *statements]
            ),
            log_group=log_group,
            memory_size=MEMORY_MIB,
            timeout=timeout,
            environment={**common_environment, **environment},
            # A failed run alerts at once, and the schedule starts the next one.
            retry_attempts=0,
        )

    renewal = function(
        "RenewCertificate",
        "renew_certificate",
        RENEWAL_TIMEOUT,
        renewal_statements(domain_name=settings.domain_name, state=state),
        {},
    )
    health = function(
        "CheckHealth",
        "check_health",
        HEALTH_TIMEOUT,
        health_statements(settings=settings, topic=alerts.topic, state=state, renewal=renewal),
        {
            "HEALTH_PARAMETER": f"{settings.parameter_path}/users/pull/health",
            "RENEWAL_FUNCTION": renewal.function_name,
            "REPAIR_ENABLED": "true" if settings.repair_enabled else "false",
        },
    )
    return Functions(health, renewal)
