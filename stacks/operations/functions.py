"""The two Lambda functions: the health check and the certificate's renewal."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.dns import DnsStack
from stacks.operations.metrics import NAMESPACE
from stacks.operations.package import function_package
from stacks.operations.policies import common_statements, health_statements, renewal_statements
from stacks.operations.topic import Alerts
from stacks.settings.settings import Settings
from stacks.statements import service_role
from stacks.storage import StorageStack

# 10 minutes for the verb, and one to report its outcome.
RENEWAL_TIMEOUT = Duration.minutes(12)
# A probe of at most 60 s, a diagnosis of 45 s, a repair of 75 s, and AWS's own delays.
HEALTH_TIMEOUT = Duration.minutes(4)
MEMORY_MIB = 256
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
LONGEST_DESCRIPTION = 256


@dataclass(frozen=True, slots=True)
class Functions:
    health: lambda_.Function
    renewal: lambda_.Function


def add_functions(
    scope: Construct,
    *,
    settings: Settings,
    storage: StorageStack,
    dns: DnsStack,
    document: ssm.CfnDocument,
    alerts: Alerts,
    lambdas: Path,
) -> Functions:
    """``lambdas`` is the folder of the functions' code and of their pinned requirements."""
    package = function_package(lambdas)
    common_environment = {
        "DOMAIN_NAME": settings.domain_name,
        "ADDRESS": dns.address.ref,
        "DOCUMENT_NAME": document.ref,
        "TOPIC_ARN": alerts.topic.topic_arn,
        "STATE_BUCKET": storage.state.bucket_name,
        "RUNBOOK": settings.runbook_url or "docs/runbook.md",
        "POWERTOOLS_SERVICE_NAME": settings.domain_name,
        "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
    }

    def function(
        name: str, module: str, timeout: Duration, statements: list[iam.PolicyStatement], environment: Mapping[str, str]
    ) -> lambda_.Function:
        three_months, destroyed = logs.RetentionDays.THREE_MONTHS, RemovalPolicy.DESTROY
        log_group = logs.LogGroup(scope, f"{name}Log", retention=three_months, removal_policy=destroyed)
        common = common_statements(
            domain_name=settings.domain_name, document=document, log_group=log_group, alerts=alerts, state=storage.state
        )
        service = iam.ServicePrincipal("lambda.amazonaws.com")
        return lambda_.Function(
            scope,
            name,
            description=f"{module.replace('_', ' ')}: {settings.domain_name}"[:LONGEST_DESCRIPTION],
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"lambdas.{module}.handler",
            code=package,
            role=service_role(scope, f"{name}Role", service, "function", [*common, *statements]),
            log_group=log_group,
            memory_size=MEMORY_MIB,
            timeout=timeout,
            environment={**common_environment, **environment},
            # A failed run alerts at once, and the schedule starts the next one.
            retry_attempts=0,
        )

    of_renewal = renewal_statements(domain_name=settings.domain_name, state=storage.state)
    renewal = function("RenewCertificate", "renew_certificate", RENEWAL_TIMEOUT, of_renewal, {})
    of_health = health_statements(settings=settings, topic=alerts.topic, state=storage.state, renewal=renewal)
    environment = {
        "HEALTH_PARAMETER": f"{settings.parameter_path}/users/pull/health",
        "RENEWAL_FUNCTION": renewal.function_name,
        "REPAIR_ENABLED": "true" if settings.repair_enabled else "false",
    }
    health = function("CheckHealth", "check_health", HEALTH_TIMEOUT, of_health, environment)
    return Functions(health, renewal)
