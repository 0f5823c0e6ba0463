"""Records that CloudFormation and Route 53's API make and delete, each also the other's."""

from typing import Any

import pytest

from tests.support.cloud_account import Account, resource

NAME = "registry.example.com."


@pytest.fixture
def template(account: Account) -> dict[str, Any]:
    zone = account.cloud.create_hosted_zone("example.com")
    record = {"Name": NAME, "Type": "A", "TTL": "60", "ResourceRecords": ["192.0.2.1"], "HostedZoneId": zone}
    return {"Resources": {"Record": resource("AWS::Route53::RecordSet", **record)}}


def test_a_record_that_is_there_is_not_created_once_more(account: Account, template: dict[str, Any]) -> None:
    assert account.create("dns", template) == "CREATE_COMPLETE"
    assert account.create("another", template) == "ROLLBACK_COMPLETE"
    assert "already exists" in " ".join(account.reasons("another", "Record"))
    assert account.cloud.records() == {NAME.rstrip("."): ("192.0.2.1",)}


def test_a_stacks_record_can_be_deleted_as_it_is_described(account: Account, template: dict[str, Any]) -> None:
    account.create("dns", template)
    route53 = account.client("route53")
    zone = template["Resources"]["Record"]["Properties"]["HostedZoneId"]
    found = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    record = next(each for each in found if each["Type"] == "A")
    changes = [{"Action": "DELETE", "ResourceRecordSet": record}]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    assert account.cloud.records() == {}
