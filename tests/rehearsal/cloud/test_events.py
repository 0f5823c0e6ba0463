"""EventBridge runs a command when parameters change, or keeps a dead letter."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from rehearsal.cloud.ssm.commands import Ran
from tests.support.cloud_account import Account, allow, attributes, document, resource, role, running_account
from tests.support.cloud_agents import MAY_RING_HOSTS, TAGGED, Agents, create_documents
from tests.support.waiting import until

ARN = "arn:aws:ssm:us-east-1:123456789012:document/verbs"
RING = (allow("ssm:SendCommand", ARN), MAY_RING_HOSTS)
TARGET: dict[str, Any] = {
    "Id": "Hosts",
    "Arn": ARN,
    "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
    "Input": json.dumps({"verb": ["diagnose"]}),
    "RunCommandParameters": {"RunCommandTargets": TAGGED},
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
        running.create_host()
        create_documents(running, "verbs")
        yield running


@pytest.fixture
def account(running: Account) -> Iterator[Account]:
    yield running
    # First: the parameters' deletion would ring in the next test.
    running.delete("rule")
    names = [each["Name"] for each in running.client("ssm").describe_parameters()["Parameters"]]
    if mine := [name for name in names if name.startswith("/registry/")]:
        running.client("ssm").delete_parameters(Names=mine)


def template(*statements: dict[str, Any], service: str = "events.amazonaws.com", **target: Any) -> dict[str, Any]:
    """A rule whose role has these rights, and its dead-letter queue."""
    lost = {"Fn::GetAtt": ["Lost", "Arn"]}
    of_rule = {"aws:SourceArn": {"Fn::GetAtt": ["Rule", "Arn"]}}
    eventbridge = {"Principal": {"Service": "events.amazonaws.com"}}
    policy = document(allow("sqs:SendMessage", lost, ArnEquals=of_rule) | eventbridge)
    return {
        "Resources": {
            "Lost": {"Type": "AWS::SQS::Queue"},
            "MayBeLost": resource("AWS::SQS::QueuePolicy", Queues=[{"Ref": "Lost"}], PolicyDocument=policy),
            "Role": role(service, *statements),
            "Rule": resource("AWS::Events::Rule", EventPattern=PATTERN, Targets=[{**TARGET, **target}]),
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


def dead_letter(account: Account) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """The event, and what is said of it."""
    (message,) = until(account.dead_letters)
    return json.loads(message["Body"]), attributes(message)


def test_a_new_parameter_runs_the_command_with_the_rules_input(account: Account, agents: Agents) -> None:
    deploy(account, *RING)
    put(account)
    assert rung(agents) == ["/opt/bin/diagnose"]
    assert account.dead_letters() == []


@pytest.mark.parametrize(
    "change",
    [
        put,
        lambda account: account.client("ssm").delete_parameter(Name=USER),
        lambda account: account.client("ssm").delete_parameters(Names=[USER, "/registry/users/push/none"]),
    ],
    ids=["changed", "deleted", "deleted among others"],
)
def test_a_change_or_deletion_rings(account: Account, agents: Agents, change: Callable[[Account], None]) -> None:
    put(account)
    deploy(account, *RING)
    change(account)
    assert rung(agents) == ["/opt/bin/diagnose"]


def test_changing_a_parameter_does_not_wait_for_the_hosts(account: Account, agents: Agents) -> None:
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
def test_a_parameter_outside_the_pattern_runs_nothing(account: Account, agents: Agents, name: str) -> None:
    deploy(account, *RING)
    put(account, name)
    put(account)
    assert rung(agents) == ["/opt/bin/diagnose"]
    account.client("ssm").delete_parameter(Name=name)
    assert len(agents.ran) == 1


def test_a_refused_change_runs_nothing(account: Account, agents: Agents) -> None:
    deploy(account, *RING)
    ssm = account.client("ssm")
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.delete_parameter(Name=USER)
    put(account)
    assert len(rung(agents)) == 1


@pytest.mark.parametrize("rights", [(), RING[:1], RING[1:]], ids=["none", "the document", "the hosts"])
def test_a_role_without_the_rights_leaves_a_dead_letter(account: Account, agents: Agents, rights: Any) -> None:
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
def test_a_refused_command_is_a_dead_letter(account: Account, agents: Agents, changed: Any, code: str) -> None:
    gone = allow("ssm:SendCommand", ARN.replace("verbs", "gone"))
    deploy(account, *RING, gone, **changed)
    put(account)
    assert dead_letter(account)[1]["ERROR_CODE"] == code
    assert agents.ran == []


def test_a_queue_whose_policy_lacks_eventbridge_gets_no_dead_letter(account: Account, agents: Agents) -> None:
    rule = template()
    del rule["Resources"]["MayBeLost"]
    assert account.create("rule", rule) == "CREATE_COMPLETE"
    put(account)
    assert account.update("rule", template(*RING)) == "UPDATE_COMPLETE"
    put(account)
    assert len(rung(agents)) == 1
    assert account.dead_letters() == []


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
def test_a_rule_that_the_rehearsal_lacks_fails_its_stack_by_name(account: Account, rule: Any, named: str) -> None:
    unplayed = template()
    unplayed["Resources"]["Rule"]["Properties"] |= rule
    assert account.create("rule", unplayed) == "ROLLBACK_COMPLETE"
    assert any(named in reason for reason in account.reasons("rule", "Rule"))
