"""A changed user is told to the hosts by EventBridge and Run Command alone, and not lost if it cannot be."""

import json
from typing import Any

from tests.stacks.conftest import Assembly, Synthesise, readable
from tests.stacks.operations.test_policies import HERE, TAGGED, short, statements

DOCUMENT = f"arn:<AWS::Partition>:ssm:{HERE}:document/<Verbs>"


def rule(assembly: Assembly) -> dict[str, Any]:
    return assembly.operations.properties("AWS::Events::Rule")


def test_every_change_of_a_users_value_and_nothing_else_is_an_event(assembly: Assembly) -> None:
    assert rule(assembly)["EventPattern"] == {
        "source": ["aws.ssm"],
        "detail-type": ["Parameter Store Change"],
        "detail": {
            "name": [{"prefix": "/registry/registry.example.com/users/"}],
            "operation": ["Create", "Update", "Delete"],
        },
    }


def test_it_rings_the_hosts_with_the_tag_for_the_one_verb(assembly: Assembly) -> None:
    (target,) = rule(assembly)["Targets"]
    assert short(readable(target["Arn"])) == DOCUMENT
    assert json.loads(target["Input"]) == {"verb": ["sync-users"]}
    assert target["RunCommandParameters"] == {
        "RunCommandTargets": [{"Key": "tag:registry:domain", "Values": ["registry.example.com"]}]
    }


def test_it_may_ring_the_document_on_those_hosts_and_do_nothing_else(assembly: Assembly) -> None:
    assert statements(assembly, "UserChangesRole") == [
        ("RingDocument", {"ssm:SendCommand"}, {DOCUMENT}, None),
        ("RingHosts", {"ssm:SendCommand"}, {f"arn:<AWS::Partition>:ec2:{HERE}:instance/*"}, TAGGED),
    ]
    (target,) = rule(assembly)["Targets"]
    assert readable(target["RoleArn"]).startswith("<UserChangesRole")


def test_only_eventbridge_for_this_account_acts_in_its_role(assembly: Assembly) -> None:
    (role,) = (
        each["Properties"]
        for name, each in assembly.operations.of_type("AWS::IAM::Role").items()
        if name.startswith("UserChangesRole")
    )
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "events.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_what_cannot_be_told_is_tried_for_minutes_and_then_a_dead_letter_which_is_an_alarm(
    assembly: Assembly,
) -> None:
    (target,) = rule(assembly)["Targets"]
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 300, "MaximumRetryAttempts": 10}
    assert short(readable(target["DeadLetterConfig"]["Arn"])) == "<LostRuns>"
    policy = assembly.operations.properties("AWS::SQS::QueuePolicy")["PolicyDocument"]
    (allowed,) = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    assert allowed["Action"] == "sqs:SendMessage"
    (source,) = allowed["Condition"].pop("ArnEquals").values()
    assert readable(source).startswith("<UserChanges")
    assert readable(source).endswith(".Arn>")


def test_two_registries_in_an_account_do_not_ring_each_others_hosts(synthesise: Synthesise) -> None:
    other = rule(synthesise(domain_name="other.example.com"))
    assert other["EventPattern"]["detail"]["name"] == [{"prefix": "/registry/other.example.com/users/"}]
    (target,) = other["Targets"]
    assert target["RunCommandParameters"]["RunCommandTargets"][0]["Values"] == ["other.example.com"]
