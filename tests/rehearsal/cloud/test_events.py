"""EventBridge tells Run Command of changed parameters, in the rule's role; what it cannot tell is a dead letter."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from rehearsal.cloud import Ran
from tests.rehearsal.cloud.account import Account, allow, host_stack, running_account, until
from tests.rehearsal.cloud.functions import role
from tests.rehearsal.cloud.test_commands import DOCUMENT, Agents

ARN = "arn:aws:ssm:us-east-1:123456789012:document/verbs"
RING = (
    allow("ssm:SendCommand", ARN),
    allow(
        "ssm:SendCommand",
        "arn:aws:ec2:us-east-1:123456789012:instance/*",
        StringEquals={"ssm:resourceTag/team": "registry"},
    ),
)
TARGET: dict[str, Any] = {
    "Id": "Hosts",
    "Arn": ARN,
    "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
    "Input": json.dumps({"verb": ["diagnose"]}),
    "RunCommandParameters": {"RunCommandTargets": [{"Key": "tag:team", "Values": ["registry"]}]},
    "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Lost", "Arn"]}},
}
PATTERN: dict[str, Any] = {
    "source": ["aws.ssm"],
    "detail-type": ["Parameter Store Change"],
    "detail": {"name": [{"prefix": "/registry/users/"}], "operation": ["Create", "Update", "Delete"]},
}
USER = "/registry/users/push/anna"


@pytest.fixture(scope="module")
def running() -> Iterator[Account]:
    with running_account() as running:
        with running.hosts_signal("SUCCESS"):
            running.create("host", host_stack())
        document = {"Type": "AWS::SSM::Document", "Properties": {"Name": "verbs", "Content": DOCUMENT}}
        running.create("documents", {"Resources": {"Document": document}})
        yield running


@pytest.fixture
def account(running: Account) -> Iterator[Account]:
    yield running
    # First: the parameters' deletion would ring in the next test.
    running.delete("rule")
    names = [each["Name"] for each in running.client("ssm").describe_parameters()["Parameters"]]
    if mine := [name for name in names if name.startswith("/registry/")]:
        running.client("ssm").delete_parameters(Names=mine)


@pytest.fixture
def agents(running: Account) -> Agents:
    agents = Agents()
    running.cloud.follow_commands(agents)
    return agents


def template(
    *statements: dict[str, Any], service: str = "events.amazonaws.com", **target: Any
) -> dict[str, Any]:
    """A rule whose role has these rights, and its dead-letter queue."""
    dead_letters = {
        "Queues": [{"Ref": "Lost"}],
        "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "events.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": {"Fn::GetAtt": ["Lost", "Arn"]},
                    "Condition": {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["Rule", "Arn"]}}},
                }
            ],
        },
    }
    return {
        "Resources": {
            "Lost": {"Type": "AWS::SQS::Queue"},
            "MayBeLost": {"Type": "AWS::SQS::QueuePolicy", "Properties": dead_letters},
            "Role": role(service, *statements),
            "Rule": {
                "Type": "AWS::Events::Rule",
                "Properties": {"EventPattern": PATTERN, "Targets": [{**TARGET, **target}]},
            },
        }
    }


def deploy(account: Account, *statements: dict[str, Any], **target: Any) -> None:
    assert account.create("rule", template(*statements, **target)) == "CREATE_COMPLETE"


def put(account: Account, name: str = USER, value: str = "secret") -> None:
    account.client("ssm").put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)


def rung(agents: Agents, times: int = 1) -> list[str]:
    """What the host was asked, once it was asked this often."""
    until(lambda: len(agents.ran) >= times)
    return [script for _, script, _ in agents.ran]


def lost(account: Account) -> list[dict[str, Any]]:
    sqs = account.client("sqs")
    (url,) = sqs.list_queues()["QueueUrls"]
    found: list[dict[str, Any]] = sqs.receive_message(
        QueueUrl=url, MessageAttributeNames=["All"], VisibilityTimeout=0
    ).get("Messages", [])
    return found


def dead_letter(account: Account) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """The event, and what is said of it."""
    (message,) = until(lambda: lost(account))
    attributes = {name: each["StringValue"] for name, each in message["MessageAttributes"].items()}
    return json.loads(message["Body"]), attributes


def test_a_new_parameter_rings_the_hosts_with_the_rules_input(account: Account, agents: Agents) -> None:
    deploy(account, *RING)
    put(account)
    assert rung(agents) == ["/opt/bin/diagnose"]
    assert lost(account) == []


@pytest.mark.parametrize(
    "change",
    [
        put,
        lambda account: account.client("ssm").delete_parameter(Name=USER),
        lambda account: account.client("ssm").delete_parameters(Names=[USER, "/registry/users/push/none"]),
    ],
    ids=["changed", "deleted", "deleted among others"],
)
def test_so_does_one_that_is_changed_or_deleted(
    account: Account, agents: Agents, change: Callable[[Account], None]
) -> None:
    put(account)
    deploy(account, *RING)
    change(account)
    assert rung(agents) == ["/opt/bin/diagnose"]


def test_whoever_changes_a_parameter_does_not_wait_for_the_hosts(account: Account, agents: Agents) -> None:
    deploy(account, *RING)
    finished: list[bool] = []

    def slow() -> Ran:
        until(lambda: finished)
        return Ran("", "", 0)

    agents.output = slow
    put(account)
    put(account, value="another")
    finished.append(True)
    assert len(rung(agents, 2)) == 2


@pytest.mark.parametrize("name", ["/registry/http-secret", "/registry/users", "/other/users/push/anna"])
def test_other_parameters_ring_nobody(account: Account, agents: Agents, name: str) -> None:
    deploy(account, *RING)
    put(account, name)
    put(account)
    assert rung(agents) == ["/opt/bin/diagnose"]
    account.client("ssm").delete_parameter(Name=name)
    assert len(agents.ran) == 1


def test_a_change_that_is_refused_rings_nobody(account: Account, agents: Agents) -> None:
    deploy(account, *RING)
    ssm = account.client("ssm")
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.delete_parameter(Name=USER)
    put(account)
    assert len(rung(agents)) == 1


@pytest.mark.parametrize("rights", [(), RING[:1], RING[1:]], ids=["none", "the document", "the hosts"])
def test_a_role_that_may_not_ring_makes_a_dead_letter(
    account: Account, agents: Agents, rights: tuple[dict[str, Any], ...]
) -> None:
    deploy(account, *rights)
    put(account)
    event, said = dead_letter(account)
    assert event["detail"]["name"] == USER
    assert event["detail"]["operation"] == "Create"
    assert "secret" not in json.dumps(event)
    assert (said["ERROR_CODE"], said["TARGET_ARN"]) == ("NO_PERMISSIONS", ARN)
    assert agents.ran == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"service": "lambda.amazonaws.com"}, "FAILED_TO_ASSUME_ROLE"),
        ({"Input": json.dumps({"verb": ["reboot"]})}, "INVALID_PARAMETER"),
        ({"Arn": ARN.replace("verbs", "gone")}, "NO_RESOURCE"),
    ],
    ids=["not trusted", "not allowed by the document", "no such document"],
)
def test_what_run_command_does_not_take_is_a_dead_letter(
    account: Account, agents: Agents, changed: dict[str, Any], code: str
) -> None:
    gone = allow("ssm:SendCommand", ARN.replace("verbs", "gone"))
    deploy(account, *RING, gone, **changed)
    put(account)
    assert dead_letter(account)[1]["ERROR_CODE"] == code
    assert agents.ran == []


def test_a_queue_that_does_not_let_eventbridge_gets_no_dead_letter(account: Account, agents: Agents) -> None:
    rule = template()
    del rule["Resources"]["MayBeLost"]
    assert account.create("rule", rule) == "CREATE_COMPLETE"
    put(account)
    assert account.update("rule", template(*RING)) == "UPDATE_COMPLETE"
    put(account)
    assert len(rung(agents)) == 1
    assert lost(account) == []


def test_an_update_changes_the_rule_in_its_place(account: Account, agents: Agents) -> None:
    deploy(account)
    changed = template(*RING, Input=json.dumps({"verb": ["repair"]}))
    assert account.update("rule", changed) == "UPDATE_COMPLETE"
    put(account)
    assert rung(agents) == ["/opt/bin/repair"]


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ({"Targets": [{"Id": "Queue", "Arn": "arn:aws:sqs:us-east-1:123456789012:queue"}]}, ":queue"),
        ({"Targets": [{**TARGET, "InputPath": "$.detail"}]}, "InputPath"),
        ({"ScheduleExpression": "rate(5 minutes)"}, "ScheduleExpression"),
        ({"EventPattern": {"source": ["aws.ec2"]}}, "no events but"),
    ],
)
def test_what_nobody_plays_fails_its_stack_by_name(
    account: Account, rule: dict[str, Any], named: str
) -> None:
    unplayed = template()
    unplayed["Resources"]["Rule"]["Properties"] |= rule
    assert account.create("rule", unplayed) == "ROLLBACK_COMPLETE"
    assert any(named in reason for reason in account.reasons("rule", "Rule"))
