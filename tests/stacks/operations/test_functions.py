"""The two Lambda functions."""

from typing import Any

import pytest

from tests.support.assembly import Assembly, Synthesise

FUNCTIONS = ("CheckHealth", "RenewCertificate")


def function(assembly: Assembly, name: str) -> dict[str, Any]:
    return assembly.operations.properties("AWS::Lambda::Function", name)


def environment(assembly: Assembly, name: str) -> dict[str, Any]:
    variables: dict[str, Any] = function(assembly, name)["Environment"]["Variables"]
    return variables


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_runs_on_arm_with_its_own_log_and_without_retries(assembly: Assembly, name: str) -> None:
    properties = function(assembly, name)
    assert properties["Runtime"] == "python3.13"
    assert properties["Architectures"] == ["arm64"]
    assert properties["LoggingConfig"]["LogGroup"]["Ref"].startswith(f"{name}Log")
    operations = assembly.operations
    assert operations.properties("AWS::Logs::LogGroup", f"{name}Log") == {"RetentionInDays": 90}
    assert operations.properties("AWS::Lambda::EventInvokeConfig", name)["MaximumRetryAttempts"] == 0


def test_a_functions_timeout_covers_its_longest_run(assembly: Assembly) -> None:
    assert function(assembly, "CheckHealth")["Timeout"] == 240
    assert function(assembly, "RenewCertificate")["Timeout"] == 720


def test_the_environment_names_resources_and_holds_no_secret(assembly: Assembly) -> None:
    common = {
        *("DOMAIN_NAME", "ADDRESS", "DOCUMENT_NAME", "TOPIC_ARN", "STATE_BUCKET", "RUNBOOK"),
        *("POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"),
    }
    of_health = {"HEALTH_PARAMETER", "RENEWAL_FUNCTION", "REPAIR_ENABLED"}
    assert set(environment(assembly, "RenewCertificate")) == common
    assert set(environment(assembly, "CheckHealth")) == common | of_health


def test_without_repair_the_permissions_for_it_are_gone_too(synthesise: Synthesise) -> None:
    off = synthesise(repair_enabled=False)
    assert environment(off, "CheckHealth")["REPAIR_ENABLED"] == "false"
    assert "autoscaling:" not in off.operations.path.read_text()
