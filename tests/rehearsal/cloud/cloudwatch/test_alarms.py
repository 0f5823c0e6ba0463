"""Functions, topics and queues are measured, and their alarms ring and send mail."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rehearsal.cli.alarms import for_people
from rehearsal.cloud.sns.mail import Letter, UndeliverableError
from rehearsal.contract.tick_result import AlarmState
from rehearsal.inside.actions import tick
from tests.support.cloud_account import Account, allow, confirm, document, resource
from tests.support.cloud_functions import MAY_LOSE, MAY_START, Runtime, scheduled_function, with_runtime

NOON = datetime(2027, 3, 1, 12, 0, 20, tzinfo=UTC)
HEALTHY = (
    '{"_aws": {"Timestamp": 1, "CloudWatchMetrics": [{"Namespace": "Own", "Dimensions": [["service"]],'
    ' "Metrics": [{"Name": "Healthy", "Unit": "Count"}]}]}, "service": "r.example", "Healthy": [0.0]}'
)
ACCOUNT = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
CLOUDWATCH = {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Condition": ACCOUNT}
EVENTBRIDGE, STRANGER = {"Service": "events.amazonaws.com"}, {"StringEquals": {"aws:SourceAccount": "999999999999"}}
PRINCIPALS = {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}}
ROOT = {**allow("kms:*", "*"), "Principal": PRINCIPALS}
KEY_FOR_CLOUDWATCH = {**CLOUDWATCH, "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": "*"}
UNKNOWN_PUBLISHER = "no resource-based policy allows the SNS:Publish action"
Statements = list[dict[str, Any]]


@pytest.fixture
def runtime(account: Account) -> Runtime:
    return with_runtime(account)


def topic_resources(*, key_statements: Statements, publishers: Statements) -> dict[str, Any]:
    topic = {"Ref": "Topic"}
    may_publish = [{**each, "Action": "sns:Publish", "Resource": topic} for each in publishers]
    return {
        "Key": resource("AWS::KMS::Key", KeyPolicy=document(*key_statements)),
        "Topic": resource("AWS::SNS::Topic", KmsMasterKeyId={"Ref": "Key"}),
        "Policy": resource("AWS::SNS::TopicPolicy", Topics=[topic], PolicyDocument=document(*may_publish)),
        "Mail": resource("AWS::SNS::Subscription", TopicArn=topic, Protocol="email", Endpoint="me@example.com"),
    }


def alarm(metric: str, dimensions: dict[str, Any], **properties: Any) -> dict[str, Any]:
    namespace, name = metric.rsplit("/", 1)
    described = {"AlarmName": name, "AlarmDescription": f"r.example: {name}", "AlarmActions": [{"Ref": "Topic"}]}
    named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    watched = {"Namespace": namespace, "MetricName": name, "Dimensions": named, "Statistic": "Sum", "Period": 300}
    breached = {"Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold", "EvaluationPeriods": 1}
    unless_told = described | watched | breached | {"TreatMissingData": "notBreaching"}
    return resource("AWS::CloudWatch::Alarm", **unless_told | properties) | {"DependsOn": ["Policy"]}


ERRORS = alarm("AWS/Lambda/Errors", {"FunctionName": {"Ref": "Function"}})
BEATS = {"Statistic": "SampleCount", "EvaluationPeriods": 3, "ComparisonOperator": "LessThanThreshold"}
HEARTBEAT = alarm("Own/Healthy", {"service": "r.example"}, **BEATS, TreatMissingData="breaching")


def deploy(account: Account, *, may_log: bool = True, **resources: Any) -> None:
    """A function with its schedule, an encrypted topic that CloudWatch may use, and these resources."""
    topic = topic_resources(key_statements=[ROOT, KEY_FOR_CLOUDWATCH], publishers=[CLOUDWATCH])
    template = {"Resources": {**scheduled_function(MAY_START, MAY_LOSE, may_log=may_log), **topic, **resources}}
    assert account.create("operations", template) == "CREATE_COMPLETE"


def run(account: Account, at: datetime) -> None:
    """The schedule's turn."""
    account.cloud.fire("check_health", at)


def measure(account: Account, metric: str) -> None:
    data = [{"MetricName": metric, "Value": 1, "Timestamp": NOON}]
    account.client("cloudwatch").put_metric_data(Namespace="Own", MetricData=data)


def look(account: Account, at: datetime) -> dict[str, AlarmState]:
    return {each.name: each for each in account.cloud.look_at_alarms(at)}


def test_a_failed_run_rings_once_for_its_period(account: Account, runtime: Runtime, letters: list[Letter]) -> None:
    deploy(account, Errors=ERRORS)
    confirm(account, letters)
    runtime.failures = 1
    run(account, NOON)
    assert look(account, NOON)["Errors"].state == "ALARM"
    later = NOON + timedelta(minutes=4)
    assert look(account, later)["Errors"].state == "ALARM"
    run(account, later)
    over = look(account, NOON + timedelta(minutes=5))["Errors"]
    assert (over.before, over.state) == ("ALARM", "OK")
    assert [each.subject for each in letters[1:]] == ['ALARM: "Errors" in US East (N. Virginia)']


def test_the_mail_names_the_alarm_and_its_reason(account: Account, runtime: Runtime, letters: list[Letter]) -> None:
    deploy(account, Errors=ERRORS)
    confirm(account, letters)
    runtime.failures = 1
    run(account, NOON)
    look(account, NOON)
    body = letters[-1].body
    for line in (
        "- Name:                       Errors",
        "- Description:                r.example: Errors",
        "- State Change:               OK -> ALARM",
        "- Reason for State Change:    Threshold Crossed: 1 out of the last 1 datapoints"
        " [1.0 (01/03/27 11:56:00)] was greater than or equal to the threshold (1.0)"
        " (minimum 1 datapoint for OK -> ALARM transition).",
        "- Timestamp:                  Monday 01 March, 2027 12:00:20 UTC",
        "- AWS Account:                123456789012",
        "- Dimensions:                          [FunctionName = check]",
    ):
        assert line in body.splitlines()


def test_a_stopped_heartbeat_rings_after_its_range(account: Account, runtime: Runtime, letters: list[Letter]) -> None:
    deploy(account, Heartbeat=HEARTBEAT)
    confirm(account, letters)
    runtime.log = (HEALTHY,)
    run(account, NOON)
    assert look(account, NOON)["Healthy"].state == "OK"
    # Three periods and the two that CloudWatch sees besides.
    assert look(account, NOON + timedelta(minutes=24))["Healthy"].state == "OK"
    silent = look(account, NOON + timedelta(minutes=25))["Healthy"]
    assert silent.state == "ALARM"
    assert silent.reason.endswith("3 missing datapoints were treated as [Breaching].")
    assert letters[-1].subject.startswith('ALARM: "Healthy"')


def test_a_new_heartbeat_alarm_rings_without_a_mail(account: Account, runtime: Runtime, letters: list[Letter]) -> None:
    deploy(account, Heartbeat=HEARTBEAT)
    (described,) = account.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert described["StateValue"] == "ALARM"
    confirm(account, letters)
    runtime.log = (HEALTHY,)
    run(account, NOON)
    assert look(account, NOON)["Healthy"].state == "OK"
    assert [each.subject for each in letters] == ["AWS Notification - Subscription Confirmation"]


def test_metrics_in_a_log_that_was_not_written_are_lost(account: Account, runtime: Runtime) -> None:
    deploy(account, may_log=False, Heartbeat=HEARTBEAT)
    runtime.log = (HEALTHY,)
    run(account, NOON)
    assert look(account, NOON)["Healthy"].state == "ALARM"


def test_a_mail_that_cannot_be_delivered_is_counted(account: Account, runtime: Runtime, letters: list[Letter]) -> None:
    failed = alarm("AWS/SNS/NumberOfNotificationsFailed", {"TopicName": {"Fn::GetAtt": ["Topic", "TopicName"]}})
    deploy(account, Errors=ERRORS, Failed=failed)
    confirm(account, letters)

    def refuse(letter: Letter) -> None:
        raise UndeliverableError(letter.to)

    account.cloud.engines.mail.post = refuse
    runtime.failures = 1
    run(account, NOON)
    look(account, NOON)
    assert look(account, NOON)["NumberOfNotificationsFailed"].state == "ALARM"


def test_a_message_that_waits_in_a_queue_rings(account: Account) -> None:
    lost = {"QueueName": {"Fn::GetAtt": ["Lost", "QueueName"]}}
    waiting = alarm("AWS/SQS/ApproximateNumberOfMessagesVisible", lost, Statistic="Maximum")
    with_runtime(account)
    deploy(account, Waiting=waiting)
    assert look(account, NOON)["ApproximateNumberOfMessagesVisible"].state == "OK"
    sqs = account.client("sqs")
    (url,) = sqs.list_queues()["QueueUrls"]
    sqs.send_message(QueueUrl=url, MessageBody="lost")
    assert look(account, NOON + timedelta(minutes=5))["ApproximateNumberOfMessagesVisible"].state == "ALARM"


@pytest.mark.parametrize(
    ("key_statements", "publishers", "told"),
    [
        ([ROOT, KEY_FOR_CLOUDWATCH], [CLOUDWATCH], "Successfully executed action"),
        ([ROOT], [CLOUDWATCH], "does not have authorization to access the SNS topic encryption key."),
        ([ROOT, KEY_FOR_CLOUDWATCH], [{**CLOUDWATCH, "Principal": EVENTBRIDGE}], UNKNOWN_PUBLISHER),
        ([ROOT, KEY_FOR_CLOUDWATCH], [{**CLOUDWATCH, "Condition": STRANGER}], UNKNOWN_PUBLISHER),
    ],
    ids=["both", "not the key", "another service", "another account"],
)
def test_cloudwatch_publishes_only_if_topic_and_key_allow_it(
    account: Account, letters: list[Letter], key_statements: Statements, publishers: Statements, told: str
) -> None:
    silence = alarm("Own/Nothing", {}, TreatMissingData="ignore")
    topic = topic_resources(key_statements=key_statements, publishers=publishers)
    account.create("topic", {"Resources": {**topic, "Alarm": silence}})
    confirm(account, letters)
    measure(account, "Nothing")
    (action,) = look(account, NOON)["Nothing"].actions
    assert told in action
    assert (len(letters) == 2) == told.startswith("Successfully")


def test_cloudwatch_cannot_use_the_aws_managed_key_of_sns(account: Account) -> None:
    topic = topic_resources(key_statements=[ROOT, KEY_FOR_CLOUDWATCH], publishers=[CLOUDWATCH])
    topic["Topic"]["Properties"]["KmsMasterKeyId"] = "alias/aws/sns"
    missed = alarm("Own/Nothing", {}, TreatMissingData="breaching")
    account.create("topic", {"Resources": {**topic, "Alarm": missed}})
    (action,) = look(account, NOON)["Nothing"].actions
    assert "does not have authorization to access the SNS topic encryption key." in action


def test_an_alarm_that_the_rehearsal_lacks_fails_its_stack(account: Account) -> None:
    topic = topic_resources(key_statements=[ROOT], publishers=[CLOUDWATCH])
    percentile = alarm("AWS/Lambda/Duration", {}, ExtendedStatistic="p99")
    del percentile["Properties"]["Statistic"]
    assert account.create("alarms", {"Resources": {**topic, "Slow": percentile}}) == "ROLLBACK_COMPLETE"
    assert any("ExtendedStatistic" in each for each in account.reasons("alarms", "Slow"))


def test_a_tick_reports_the_changed_alarms(account: Account, runtime: Runtime) -> None:
    deploy(account, Errors=ERRORS, Heartbeat=HEARTBEAT)
    runtime.log = (HEALTHY,)
    result = tick(account.cloud, "health", "2027-03-01T13:00:20+01:00")
    assert [(each.name, each.before, each.state) for each in result.alarms] == [("Healthy", "ALARM", "OK")]


def test_an_alarm_is_printed_with_its_reason_and_the_result_of_its_action(account: Account, runtime: Runtime) -> None:
    deploy(account, Errors=ERRORS)
    runtime.failures = 1
    run(account, NOON)
    (state,) = account.cloud.look_at_alarms(NOON)
    assert for_people(state).splitlines()[::3] == ["ALARM             Errors", "  was OK"]
    assert for_people(state).splitlines()[-1].startswith("  Successfully executed action arn:aws:sns:")
    (again,) = account.cloud.look_at_alarms(NOON)
    assert len(for_people(again).splitlines()) == 3


def test_a_long_name_is_cut_so_that_sns_takes_the_subject(account: Account, letters: list[Letter]) -> None:
    with_runtime(account)
    rings = alarm("Own/Beat", {}, AlarmName="long" * 60, TreatMissingData="ignore")
    deploy(account, Long=rings)
    confirm(account, letters)
    measure(account, "Beat")
    look(account, NOON)
    assert letters[-1].subject.endswith('longlo..." in US East (N. Virginia)')
    assert len(letters[-1].subject) == 99
