"""What somebody changed outside of CloudFormation: a usual update leaves it so, and one that reverts drift does not."""

import json
from typing import Any

import pytest

from tests.support.cloud_account import Account, allow, resource, role

ZONE = "example.com"
NAME = f"registry.{ZONE}."


@pytest.fixture
def template(account: Account) -> dict[str, Any]:
    zone = account.cloud.create_hosted_zone(ZONE)
    record = resource(
        "AWS::Route53::RecordSet", HostedZoneId=zone, Name=NAME, Type="A", TTL="60", ResourceRecords=["203.0.113.5"]
    )
    return {"Resources": {"Record": record, "Role": role("ec2.amazonaws.com", allow("s3:GetObject", "*"))}}


def planned(account: Account, template: dict[str, Any], **mode: str) -> dict[str, Any]:
    cloudformation = account.cloudformation
    chosen = {"StackName": "dns", "ChangeSetName": "plan"}
    cloudformation.create_change_set(ChangeSetType="UPDATE", TemplateBody=json.dumps(template), **chosen, **mode)
    found: dict[str, Any] = cloudformation.describe_change_set(**chosen)
    return found


def records(account: Account) -> list[tuple[str, str]]:
    route53 = account.client("route53")
    (zone,) = route53.list_hosted_zones()["HostedZones"]
    found = route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    return [(each["Name"], each["ResourceRecords"][0]["Value"]) for each in found if each["Type"] == "A"]


def point_elsewhere(account: Account) -> None:
    route53 = account.client("route53")
    (zone,) = route53.list_hosted_zones()["HostedZones"]
    record = {"Name": NAME, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    changes = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch=changes)


def test_without_drift_there_is_nothing_to_revert(account: Account, template: dict[str, Any]) -> None:
    account.create("dns", template)
    assert planned(account, template, DeploymentMode="REVERT_DRIFT")["Status"] == "FAILED"


def test_a_usual_update_sees_no_drift(account: Account, template: dict[str, Any]) -> None:
    account.create("dns", template)
    point_elsewhere(account)
    assert planned(account, template)["Status"] == "FAILED"


def test_what_was_changed_is_again_as_the_template_has_it(account: Account, template: dict[str, Any]) -> None:
    account.create("dns", template)
    iam = account.client("iam")
    (name,) = (each["RoleName"] for each in iam.list_roles()["Roles"] if each["RoleName"].startswith("dns-"))
    (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
    point_elsewhere(account)
    iam.delete_role_policy(RoleName=name, PolicyName=policy)
    plan = planned(account, template, DeploymentMode="REVERT_DRIFT")
    assert [each["ResourceChange"]["LogicalResourceId"] for each in plan["Changes"]] == ["Record", "Role"]
    account.cloudformation.execute_change_set(StackName="dns", ChangeSetName="plan")
    assert account.settled("dns") == "UPDATE_COMPLETE"
    assert records(account) == [(NAME, "203.0.113.5")]
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == [policy]
