"""The real ``cdk`` command line deploys the real stacks into the emulated account."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.contract.aws_profile import AwsProfile
from rehearsal.outside.cdk import Cdk, CdkFailedError
from tests.support.cloud_account import REGION, Account, running_account
from tests.support.cloud_agents import Agents
from tests.support.waiting import until

SETTINGS = {"domain_name": "registry.example.com", "hosted_zone": "example.com", "alert_email": "ops@example.com"}


@pytest.fixture
def account() -> Iterator[Account]:
    with running_account() as running:
        running.cloud.create_hosted_zone("example.com")
        yield running


def test_the_product_is_deployed_kept_updated_and_destroyed(account: Account, tmp_path: Path) -> None:
    said: list[str] = []
    cloud, administrator = account.cloud, account.cloud.administrator
    profile = AwsProfile(cloud.endpoint_url, REGION, cloud.scope.account, administrator.id, administrator.secret)
    # Not in a world: the emulated AWS of this test is this process.
    cdk = Cdk(list, profile, output=tmp_path, settings=SETTINGS, say=said.append)
    cdk.bootstrap()
    with account.hosts_signal("SUCCESS"):
        outputs = cdk.deploy()
    (first,) = account.cloud.instances()
    assert outputs["RegistryUrl"] == "https://registry.example.com"
    assert account.cloud.records() == {"registry.example.com": (outputs["PublicAddress"],)}
    assert {port for _, port, _ in account.cloud.open_tcp_ports(first)} == {80, 443}

    agents = Agents()
    account.cloud.engines.commands.agents = agents
    name = "/registry/registry.example.com/users/pull/anna"
    account.client("ssm").put_parameter(Name=name, Value="secret", Type="SecureString")
    until(lambda: agents.ran)
    assert agents.ran == [(first.id, "exec /opt/registry/bin/sync-users", 600)]

    said.clear()
    cdk.deploy()
    assert sum("(no changes)" in line for line in said) == len(("storage", "dns", "host", "operations"))

    zone = account.client("route53").list_hosted_zones()["HostedZones"][0]["Id"]
    record = next(each for each in records_of(account, zone) if each["Type"] == "A")
    batch = {"Changes": [{"Action": "DELETE", "ResourceRecordSet": record}]}
    account.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    role, policies = take_policies_from_the_hosts(account)
    cdk.deploy()
    assert record not in records_of(account, zone)
    # The cures of dns-missing, and of a role that was changed.
    cdk.revert_drift("registry-dns", "registry-host")
    assert record in records_of(account, zone)
    assert account.client("iam").list_role_policies(RoleName=role)["PolicyNames"] == policies
    assert account.cloud.instances() == (first,)

    with account.hosts_signal("FAILURE"), pytest.raises(CdkFailedError, match="FAILURE signal"):
        cdk.deploy(registry_image="registry.example.org/none:1")
    assert account.cloud.instances() == (first,)

    with pytest.raises(CdkFailedError, match="TerminationProtection"):
        cdk.destroy()
    assert account.cloud.instances() == ()
    assert account.client("s3").list_buckets()["Buckets"]


def records_of(account: Account, zone: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = account.client("route53").list_resource_record_sets(HostedZoneId=zone)[
        "ResourceRecordSets"
    ]
    return found


def take_policies_from_the_hosts(account: Account) -> tuple[str, list[str]]:
    """The role, and the policies that it had."""
    iam = account.client("iam")
    role = next(each["RoleName"] for each in iam.list_roles()["Roles"] if each["RoleName"].startswith("registry-host-"))
    policies: list[str] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    assert policies
    for policy in policies:
        iam.delete_role_policy(RoleName=role, PolicyName=policy)
    return role, policies
