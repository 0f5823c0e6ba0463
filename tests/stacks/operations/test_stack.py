"""What watches over a registry: the doorbell, the functions, the schedules, the topic, the alarms."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.conftest import Assembly, Synthesise, readable

VERBS = ["renew-certificate", "diagnose", "sync-users", "repair-service", "repair-engine"]
FUNCTIONS = ("CheckHealth", "RenewCertificate")
LONGEST_PACKAGE_BYTES = 1_500_000
LONGEST_OWN_CODE_BYTES = 50_000


def one(assembly: Assembly, kind: str, prefix: str) -> dict[str, Any]:
    found = {
        name: each["Properties"]
        for name, each in assembly.operations.of_type(kind).items()
        if name.startswith(prefix)
    }
    (properties,) = found.values()
    return dict(properties)


def function(assembly: Assembly, name: str) -> dict[str, Any]:
    return one(assembly, "AWS::Lambda::Function", name)


def package(assembly: Assembly) -> Path:
    code = function(assembly, "CheckHealth")["Code"]
    return assembly.folder / f"asset.{code['S3Key'].removesuffix('.zip')}"


def test_the_document_runs_one_of_the_hosts_own_verbs_and_nothing_else(assembly: Assembly) -> None:
    document = assembly.operations.properties("AWS::SSM::Document")
    content = document["Content"]
    assert document["DocumentType"] == "Command"
    assert content["schemaVersion"] == "2.2"
    assert content["parameters"]["verb"]["allowedValues"] == VERBS
    (step,) = content["mainSteps"]
    assert step["inputs"] == {"timeoutSeconds": "600", "runCommand": ["exec /opt/registry/bin/{{ verb }}"]}
    assert list(content["parameters"]) == ["verb"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_runs_on_arm_with_a_log_of_its_own_and_is_not_tried_again(
    assembly: Assembly, name: str
) -> None:
    properties = function(assembly, name)
    assert properties["Runtime"] == "python3.13"
    assert properties["Architectures"] == ["arm64"]
    assert properties["LoggingConfig"]["LogGroup"]["Ref"].startswith(f"{name}Log")
    assert one(assembly, "AWS::Logs::LogGroup", f"{name}Log") == {"RetentionInDays": 90}
    assert one(assembly, "AWS::Lambda::EventInvokeConfig", name)["MaximumRetryAttempts"] == 0


def test_a_functions_time_covers_what_it_waits_for_and_ends_before_the_next_tick(assembly: Assembly) -> None:
    assert function(assembly, "CheckHealth")["Timeout"] == 240
    assert function(assembly, "RenewCertificate")["Timeout"] == 720


def test_the_functions_share_one_package_of_own_code_and_pinned_packages(assembly: Assembly) -> None:
    assert function(assembly, "CheckHealth")["Code"] == function(assembly, "RenewCertificate")["Code"]
    folder = package(assembly)
    assert {path.name.partition("-")[0] for path in folder.iterdir()} == {
        "aws_lambda_powertools",
        "jmespath",
        "lambdas",
        "typing_extensions",
        "typing_extensions.py",
    }
    assert not [path for path in folder.rglob("*") if path.suffix in (".pyc", ".so")]
    assert (folder / "lambdas" / "check_health.py").is_file()


def test_the_package_is_small(assembly: Assembly, tmp_path: Path) -> None:
    folder, archive = package(assembly), tmp_path / "package.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            packed.write(path, path.relative_to(folder))
        own = sum(info.compress_size for info in packed.infolist() if info.filename.startswith("lambdas/"))
    assert own < LONGEST_OWN_CODE_BYTES
    assert archive.stat().st_size < LONGEST_PACKAGE_BYTES


def test_the_functions_are_told_what_they_need_and_no_secret(assembly: Assembly) -> None:
    told = {name: set(function(assembly, name)["Environment"]["Variables"]) for name in FUNCTIONS}
    common = {
        *("DOMAIN_NAME", "ADDRESS", "DOCUMENT_NAME", "TOPIC_ARN", "STATE_BUCKET", "RUNBOOK"),
        *("POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"),
    }
    assert told["RenewCertificate"] == common
    assert told["CheckHealth"] == common | {"HEALTH_PARAMETER", "RENEWAL_FUNCTION", "REPAIR_ENABLED"}


def test_repair_can_be_switched_off_and_its_permissions_go_with_it(synthesise: Synthesise) -> None:
    off = synthesise(repair_enabled=False)
    assert function(off, "CheckHealth")["Environment"]["Variables"]["REPAIR_ENABLED"] == "false"
    assert "autoscaling:" not in off.operations.path.read_text()


@pytest.mark.parametrize(
    ("name", "expression", "window", "delay"),
    [("Renewal", "cron(17 3 1 * ? *)", 60, 43_200), ("Health", "rate(5 minutes)", 1, 240)],
)
def test_a_schedule_starts_its_function_and_loses_no_run_unseen(
    assembly: Assembly, name: str, expression: str, window: int, delay: int
) -> None:
    schedule = one(assembly, "AWS::Scheduler::Schedule", name)
    assert schedule["ScheduleExpression"] == expression
    assert schedule["ScheduleExpressionTimezone"] == "UTC"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": window}
    target = schedule["Target"]
    assert json.loads(target["Input"]) == {"now": "<aws.scheduler.scheduled-time>"}
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == delay
    assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
    assert readable(target["DeadLetterConfig"]["Arn"]).startswith("<LostRuns")


def test_schedules_follow_the_settings(synthesise: Synthesise) -> None:
    changed = synthesise(schedule_time_zone="Europe/Berlin", health_schedule="rate(10 minutes)")
    schedule = one(changed, "AWS::Scheduler::Schedule", "Health")
    assert schedule["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert schedule["ScheduleExpression"] == "rate(10 minutes)"


def test_alerts_are_encrypted_go_over_tls_only_and_to_the_given_address(assembly: Assembly) -> None:
    template = assembly.operations
    assert readable(template.properties("AWS::SNS::Topic")["KmsMasterKeyId"]).startswith("<AlertsKey")
    subscription = template.properties("AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "you@example.com")
    denied, allowed = template.properties("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_an_alarm_may_use_the_key_of_the_topic(assembly: Assembly) -> None:
    key = assembly.operations.properties("AWS::KMS::Key")
    assert key["EnableKeyRotation"] is True
    statement = key["KeyPolicy"]["Statement"][-1]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]


def test_lost_runs_are_kept_encrypted_and_over_tls_only(assembly: Assembly) -> None:
    assert assembly.operations.properties("AWS::SQS::Queue") == {
        "MessageRetentionPeriod": 1_209_600,
        "SqsManagedSseEnabled": True,
    }
    denied, _ = assembly.operations.properties("AWS::SQS::QueuePolicy")["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def alarms(assembly: Assembly) -> dict[str, dict[str, Any]]:
    found = assembly.operations.of_type("AWS::CloudWatch::Alarm")
    return {name.removeprefix("Alarms")[:-8]: each["Properties"] for name, each in found.items()}


def test_everything_that_could_fail_in_silence_has_an_alarm_that_tells(assembly: Assembly) -> None:
    seen = alarms(assembly)
    assert set(seen) == {
        "CertificateLife",
        "FailedMail",
        "HealthErrors",
        "HealthHeartbeat",
        "HealthThrottles",
        "LostRuns",
        "NoReceiver",
        "RenewalErrors",
        "RenewalHeartbeat",
        "RenewalThrottles",
    }
    for name, alarm in seen.items():
        (action,) = alarm["AlarmActions"]
        assert (name, readable(action).startswith("<AlertsTopic")) == (name, True)
        assert alarm["AlarmDescription"].startswith("registry.example.com: ")


@pytest.mark.parametrize("name", ["HealthHeartbeat", "RenewalHeartbeat"])
def test_a_missing_heartbeat_is_an_alarm(assembly: Assembly, name: str) -> None:
    assert alarms(assembly)[name]["TreatMissingData"] == "breaching"


@pytest.mark.parametrize(
    ("schedule", "period"),
    [
        ("rate(1 minute)", 300),
        ("rate(5 minutes)", 300),
        ("rate(10 minutes)", 600),
        ("cron(0/20 * * * ? *)", 1200),
        ("rate(8 hours)", 28_800),
        ("rate(500 minutes)", 32_400),
        ("rate(12 hours)", 43_200),
    ],
)
def test_the_heartbeat_is_as_slow_as_the_schedule_and_within_cloudwatchs_limits(
    synthesise: Synthesise, schedule: str, period: int
) -> None:
    alarm = alarms(synthesise(health_schedule=schedule))["HealthHeartbeat"]
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (period, 3)
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    assert period * 3 <= (604_800 if period % 3600 == 0 else 86_400)


def test_a_month_without_a_renewal_run_is_an_alarm_and_a_day_more_is_granted(assembly: Assembly) -> None:
    alarm = alarms(assembly)["RenewalHeartbeat"]
    assert (alarm["MetricName"], alarm["Threshold"]) == ("DaysSinceRenewalRun", 33)
    assert alarm["Period"] * alarm["EvaluationPeriods"] <= 86_400


def test_the_alarms_measure_what_the_functions_measure(assembly: Assembly) -> None:
    own = {
        alarm["MetricName"]: alarm["Dimensions"]
        for alarm in alarms(assembly).values()
        if alarm["Namespace"] == "PrivateRegistry"
    }
    assert set(own) == {"AlertReceivers", "CertificateLifeLeft", "DaysSinceRenewalRun", "Healthy"}
    assert all(each == [{"Name": "service", "Value": "registry.example.com"}] for each in own.values())
    for name in FUNCTIONS:
        told = function(assembly, name)["Environment"]["Variables"]
        assert told["POWERTOOLS_METRICS_NAMESPACE"] == "PrivateRegistry"
        assert told["POWERTOOLS_SERVICE_NAME"] == "registry.example.com"


def test_the_dashboard_answers_the_five_questions(assembly: Assembly) -> None:
    body = readable(assembly.operations.properties("AWS::CloudWatch::Dashboard")["DashboardBody"])
    for question in (
        "Is it well?",
        "Since when?",
        "How fast?",
        "How full?",
        "Certificate good for",
        "Who gets alerts?",
    ):
        assert question in body


def test_the_outputs_say_whether_anybody_gets_alerts_and_how_to_renew(assembly: Assembly) -> None:
    assert "SubscriptionsConfirmed" in assembly.operations.output("ConfirmAlerts")
    described = assembly.operations.body["Outputs"]["ConfirmAlerts"]["Description"]
    assert described == "0 until the mail to you@example.com is confirmed: nobody gets alerts"
    assert "aws lambda invoke --function-name <RenewCertificate" in assembly.operations.output("RenewNow")


def test_operations_come_after_the_host(assembly: Assembly) -> None:
    artifacts = json.loads((assembly.folder / "manifest.json").read_text())["artifacts"]
    assert "registry-host" in artifacts["registry-operations"]["dependencies"]
