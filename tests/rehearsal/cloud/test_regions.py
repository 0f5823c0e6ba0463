"""An account with two regions, and what is left of it when the registry's is lost."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.core.cloud import Cloud
from rehearsal.cloud.s3.replication import CopyRule
from tests.support.cloud_account import REGION, Account, allow, resource, role

OTHER = "eu-west-1"
VERSIONED = {"VersioningConfiguration": {"Status": "Enabled"}}
STACK = {"Resources": {"Topic": resource("AWS::SNS::Topic")}}


@pytest.fixture
def account() -> Iterator[Account]:
    cloud = Cloud(port=0, other_region=OTHER)
    try:
        yield Account(cloud)
    finally:
        cloud.stop()


def elsewhere(account: Account, service: str) -> Any:
    return account.client(service, region=OTHER)


def test_stacks_of_one_name_live_in_both_regions(account: Account) -> None:
    for there in (account, account.elsewhere(OTHER)):
        assert there.create("storage", STACK) == "CREATE_COMPLETE"
        assert there.region in there.stack("storage")["StackId"]
    assert account.delete("storage") == "DELETE_COMPLETE"
    assert account.elsewhere(OTHER).stack("storage")["StackStatus"] == "CREATE_COMPLETE"
