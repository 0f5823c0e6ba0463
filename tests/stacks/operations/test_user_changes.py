"""A changed user reaches the hosts by EventBridge and Run Command; an undelivered event becomes a dead letter."""

import json
from typing import Any

from tests.support.assembly import HERE, Assembly, Synthesise, readable, short

TAGGED = {"StringEquals": {"ssm:resourceTag/registry:domain": "registry.example.com"}}
DOCUMENT = f"arn:<AWS::Partition>:ssm:{HERE}:document/<Verbs>"


def rule(assembly: Assembly) -> dict[str, Any]:
    return assembly.operations.properties("AWS::Events::Rule")


def test_only_a_change_of_a_users_value_is_an_event(assembly: Assembly) -> None:
    users = [{"prefix": "/registry/registry.example.com/users/"}]
    assert rule(assembly)["EventPattern"] == {
        "source": ["aws.ssm"],
        "detail-type": ["Parameter Store Change"],
        "detail": {"name": users, "operation": ["Create", "Update", "Delete"]},
    }


def test_the_event_runs_sync_users_on_the_tagged_hosts(assembly: Assembly) -> None:
    (target,) = rule(assembly)["Targets"]
    assert short(target["Arn"]) == DOCUMENT
    assert json.loads(target["Input"]) == {"verb": ["sync-users"]}
    hosts = [{"Key": "tag:registry:domain", "Values": ["registry.example.com"]}]
    assert target["RunCommandParameters"] == {"RunCommandTargets": hosts}


def test_the_rule_may_run_the_document_on_those_hosts_and_nothing_else(assembly: Assembly) -> None:
    assert assembly.operations.statements("UserChangesRole") == [
        ("RingDocument", {"ssm:SendCommand"}, {DOCUMENT}, None),
        ("RingHosts", {"ssm:SendCommand"}, {f"arn:<AWS::Partition>:ec2:{HERE}:instance/*"}, TAGGED),
    ]
    (target,) = rule(assembly)["Targets"]
    assert readable(target["RoleArn"]).startswith("<UserChangesRole")


def test_only_eventbridge_for_this_account_may_take_the_role(assembly: Assembly) -> None:
    role = assembly.operations.properties("AWS::IAM::Role", "UserChangesRole")
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "events.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_an_undelivered_event_is_retried_for_minutes_and_then_kept(assembly: Assembly) -> None:
    (target,) = rule(assembly)["Targets"]
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 300, "MaximumRetryAttempts": 10}
    assert short(target["DeadLetterConfig"]["Arn"]) == "<LostRuns>"
    policy = assembly.operations.properties("AWS::SQS::QueuePolicy")["PolicyDocument"]
    (allowed,) = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    assert allowed["Action"] == "sqs:SendMessage"
    (source,) = allowed["Condition"]["ArnEquals"].values()
    assert readable(source).startswith("<UserChanges")
    assert readable(source).endswith(".Arn>")


def test_an_event_reaches_the_hosts_of_its_own_registry_only(synthesise: Synthesise) -> None:
    other = rule(synthesise(domain_name="other.example.com"))
    assert other["EventPattern"]["detail"]["name"] == [{"prefix": "/registry/other.example.com/users/"}]
    (target,) = other["Targets"]
    assert target["RunCommandParameters"]["RunCommandTargets"][0]["Values"] == ["other.example.com"]
