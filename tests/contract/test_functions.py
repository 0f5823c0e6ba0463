"""What the stack gives the functions, and what they read, measure and judge."""

import re
from dataclasses import fields
from typing import Any

import pytest

from lambdas.aws.clients import OLDEST_BOTOCORE
from lambdas.environment import Environment, HealthEnvironment
from lambdas.judge.causes import CAUSES
from lambdas.judge.checks import FULL_DISK_PERCENT, LEAST_MEMORY_PERCENT, SLOW_LISTING_SECONDS
from lambdas.judge.evidence import CLOCK_SECONDS
from rehearsal.contract import product
from rehearsal.faults import FAULTS
from rehearsal.faults.fault import ALARM, NO_MAIL
from rehearsal.machine.python.lambda_runtime import REQUIREMENTS
from tests.contract.conftest import LAMBDAS, function, number, script, source_of
from tests.support.assembly import Assembly

# Read by Powertools and by the AWS SDK.
NOT_OURS = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"}
GIVEN_BY_LAMBDA = {"AWS_REGION"}


@pytest.mark.parametrize(("handler", "has"), [("check_health", HealthEnvironment), ("renew_certificate", Environment)])
def test_function_reads_exactly_the_variables_of_the_stack(assembly: Assembly, handler: str, has: Any) -> None:
    given = function(assembly, handler)["Environment"]["Variables"].keys()
    read = {field.name.upper() for field in fields(has)}
    assert given - NOT_OURS == read - GIVEN_BY_LAMBDA


def test_rehearsal_runs_the_functions_on_the_oldest_boto3_they_accept() -> None:
    oldest = ".".join(map(str, OLDEST_BOTOCORE))
    assert f"botocore=={oldest} " in REQUIREMENTS.read_text()


def test_rehearsal_finds_the_schedule_of_each_function(assembly: Assembly) -> None:
    for handler in product.JOBS.values():
        assert function(assembly, handler)
        assert (LAMBDAS / f"{handler}.py").exists()


@pytest.mark.parametrize(
    ("variable", "threshold"),
    [
        *(("full_disk_percent", FULL_DISK_PERCENT), ("least_memory_percent", LEAST_MEMORY_PERCENT)),
        ("clock_limit_seconds", CLOCK_SECONDS),
    ],
)
def test_host_repairs_what_the_health_check_finds_wrong(variable: str, threshold: int) -> None:
    assert number(variable, script("lib/machine.bash")) == threshold


def test_alarms_and_dashboard_watch_metrics_that_the_functions_measure(assembly: Assembly) -> None:
    variables = function(assembly, "check_health")["Environment"]["Variables"]
    namespace = variables["POWERTOOLS_METRICS_NAMESPACE"]
    measured = set(re.findall(r"\"([A-Z]\w+)\": \(\s*MetricUnit", source_of(LAMBDAS, "*.py")))
    alarms = [each["Properties"] for each in assembly.operations.of_type("AWS::CloudWatch::Alarm").values()]
    own = [each for each in alarms if each.get("Namespace") == namespace]
    watched = {each["MetricName"] for each in own}
    dashboard = str(assembly.operations.properties("AWS::CloudWatch::Dashboard"))
    watched |= set(re.findall(rf"{namespace}\\?\",\\?\"(\w+)", dashboard))
    assert watched
    assert watched <= measured
    services = {dimension["Value"] for each in own for dimension in each["Dimensions"]}
    assert services == {variables["POWERTOOLS_SERVICE_NAME"]}


def test_every_cause_that_an_alert_can_name_is_a_fault_of_the_rehearsal() -> None:
    assert {fault.cause or name for name, fault in FAULTS.items()} - {NO_MAIL, ALARM} == set(CAUSES)


def test_host_counts_the_listings_that_the_mail_calls_slow() -> None:
    assert number("slow_seconds", script("bin/diagnose")) == SLOW_LISTING_SECONDS
