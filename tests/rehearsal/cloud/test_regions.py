"""An account with two regions, and what is left of it when the registry's is lost."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.core.cloud import Cloud
from rehearsal.cloud.core.regions import Regions
from tests.support.cloud_account import Account, resource

OTHER = "eu-west-1"
TOPIC = {"Resources": {"Topic": resource("AWS::SNS::Topic")}}
NAME = "/registry/first"


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    cloud = Cloud(port=0, other_region=OTHER)
    try:
        yield Account(cloud)
    finally:
        cloud.stop()


@pytest.fixture
def elsewhere(account: Account) -> Account:
    return Account(account.cloud, OTHER)


def test_stacks_of_one_name_live_in_both_regions(account: Account, elsewhere: Account) -> None:
    for there in (account, elsewhere):
        assert there.create("storage", TOPIC) == "CREATE_COMPLETE"
        assert f":{there.region}:" in there.stack("storage")["StackId"]
    assert account.delete("storage") == "DELETE_COMPLETE"
    assert elsewhere.stack("storage")["StackStatus"] == "CREATE_COMPLETE"


def test_an_address_is_given_once_in_all_regions(account: Account, elsewhere: Account) -> None:
    given = [there.client("ec2").allocate_address(Domain="vpc")["PublicIp"] for there in (account, elsewhere)]
    assert len(set(given)) == 2


def test_a_lost_region_answers_nothing_and_hosts_run_in_the_other(account: Account, elsewhere: Account) -> None:
    lost = account.create_host()
    account.client("ssm").put_parameter(Name=NAME, Value="here", Type="String")
    account.cloud.lose_region()
    assert account.cloud.instances() == ()
    with pytest.raises(ClientError, match="503"):
        account.client("ssm").get_parameter(Name=NAME)
    assert account.client("iam").list_roles()["Roles"]
    with pytest.raises(ClientError, match="ParameterNotFound"):
        elsewhere.client("ssm").get_parameter(Name=NAME)
    host = elsewhere.create_host()
    assert host.id != lost.id
    assert account.cloud.instances() == (host,)
    assert account.cloud.instance_metadata(host.id)["placement/region"] == OTHER


def test_the_only_region_cannot_be_lost() -> None:
    engines: Any = object()
    with pytest.raises(LookupError, match="no other region"):
        Regions([engines]).lose()
