"""Instances, addresses and what the metadata service can say about them."""

import base64
from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS

from rehearsal.cloud.ec2 import offers
from rehearsal.cloud.ec2.observed import Instance, PublicAddress
from tests.support.cloud_account import Account, host_stack, resource, running_account
from tests.support.waiting import until

RECORD = {"Name": "registry.example.com.", "Type": "A", "TTL": "60", "ResourceRecords": [{"Ref": "Address"}]}


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with running_account() as running:
        running.create_host("#cloud-config\n")
        yield running


def replaced(account: Account, old: Instance) -> Instance:
    def another() -> Instance | None:
        found = account.cloud.instances()
        return found[0] if len(found) == 1 and found[0].id != old.id else None

    instance: Instance = until(another)
    return instance


def test_a_host_is_what_its_launch_template_says(account: Account, host: Instance) -> None:
    ec2 = account.client("ec2")
    (described,) = ec2.describe_instances(InstanceIds=[host.id])["Reservations"][0]["Instances"]
    assert described["MetadataOptions"]["HttpTokens"] == "required"
    assert described["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
    assert described["IamInstanceProfile"]["Arn"].endswith(str(host.profile_name))
    assert described["Architecture"] == "arm64"
    assert ip_address(host.private_ip) in ip_network("10.0.0.0/16")
    attribute = ec2.describe_instance_attribute(InstanceId=host.id, Attribute="userData")
    assert base64.b64decode(attribute["UserData"]["Value"]) == host.user_data == b"#cloud-config\n"


def test_a_host_carries_the_tags_of_its_group_and_its_stack(host: Instance) -> None:
    assert host.tags["team"] == "registry"
    assert host.tags["aws:cloudformation:stack-name"] == "host"
    assert host.tags["aws:cloudformation:logical-id"] == "Hosts"
    assert host.tags["aws:autoscaling:groupName"].startswith("host-Hosts-")


def test_open_ports_are_those_of_the_security_group(account: Account, host: Instance) -> None:
    assert account.cloud.open_tcp_ports(host) == (("0.0.0.0/0", 443, 443),)


def test_metadata_names_the_instance_and_its_role(account: Account, host: Instance) -> None:
    metadata = account.cloud.instance_metadata(host.id)
    assert metadata["instance-id"] == host.id
    assert metadata["local-ipv4"] == host.private_ip
    assert metadata["placement/region"] == "us-east-1"
    assert metadata["iam/security-credentials/"].startswith("host-Role-")


def test_credentials_are_a_session_of_the_role(account: Account, host: Instance) -> None:
    identity = account.client_of_host("sts", host.id).get_caller_identity()
    role = account.cloud.instance_metadata(host.id)["iam/security-credentials/"]
    assert identity["Arn"] == f"arn:aws:sts::123456789012:assumed-role/{role}/{host.id}"
    assert account.cloud.role_credentials(host.id) == account.cloud.role_credentials(host.id)


def test_a_terminated_host_is_replaced(account: Account, host: Instance) -> None:
    account.client("ec2").terminate_instances(InstanceIds=[host.id])
    assert replaced(account, host).user_data == host.user_data


def test_an_unhealthy_host_is_replaced(account: Account, host: Instance) -> None:
    account.client("autoscaling").set_instance_health(InstanceId=host.id, HealthStatus="Unhealthy")
    assert replaced(account, host)


def test_a_host_that_fails_a_check_is_replaced_if_its_group_looks_at_that_check(
    account: Account, host: Instance
) -> None:
    account.cloud.fail_check(host.id, "EBS")
    assert account.cloud.instances() == (host,)
    account.cloud.fail_check(host.id, "EC2")
    assert replaced(account, host)


def test_a_suspended_group_replaces_nothing_until_it_is_resumed(account: Account, host: Instance) -> None:
    autoscaling = account.client("autoscaling")
    group = host.tags["aws:autoscaling:groupName"]
    autoscaling.suspend_processes(AutoScalingGroupName=group, ScalingProcesses=["ReplaceUnhealthy"])
    autoscaling.set_instance_health(InstanceId=host.id, HealthStatus="Unhealthy")
    assert account.cloud.instances() == (host,)
    autoscaling.resume_processes(AutoScalingGroupName=group)
    assert replaced(account, host)


def test_an_address_moves_to_the_host_that_takes_it(account: Account, host: Instance) -> None:
    ec2 = account.client("ec2")
    address = ec2.allocate_address(Domain="vpc")
    assert address["PublicIp"] in {f"10.77.0.{number}" for number in range(100, 200)}
    assert account.cloud.associations()[address["PublicIp"]] == ""
    allocation = address["AllocationId"]
    ec2.associate_address(AllocationId=allocation, InstanceId=host.id, AllowReassociation=True)
    assert account.cloud.associations()[address["PublicIp"]] == host.id
    ec2.terminate_instances(InstanceIds=[host.id])
    assert account.cloud.associations()[address["PublicIp"]] == ""
    successor = replaced(account, host)
    ec2.associate_address(AllocationId=allocation, InstanceId=successor.id, AllowReassociation=True)
    assert account.cloud.associations()[address["PublicIp"]] == successor.id
    assert account.cloud.public_addresses()[successor.id] == PublicAddress(address["PublicIp"], is_elastic=True)


def test_an_elastic_ip_takes_the_place_of_the_address_that_ec2_assigned(account: Account, host: Instance) -> None:
    ec2 = account.client("ec2")
    ec2.terminate_instances(InstanceIds=[host.id])
    host = replaced(account, host)
    assigned = account.cloud.public_addresses()[host.id]
    assert not assigned.is_elastic
    address = ec2.allocate_address(Domain="vpc")
    association = ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=host.id)["AssociationId"]
    assert account.cloud.public_addresses()[host.id] == PublicAddress(address["PublicIp"], is_elastic=True)
    ec2.disassociate_address(AssociationId=association)
    assigned_again = account.cloud.public_addresses()[host.id]
    assert not assigned_again.is_elastic
    assert assigned_again != assigned


def test_an_associated_address_moves_only_with_reassociation_allowed(account: Account, host: Instance) -> None:
    ec2 = account.client("ec2")
    address = ec2.allocate_address(Domain="vpc")
    (subnet, *_) = ec2.describe_subnets()["Subnets"]
    interface = ec2.create_network_interface(SubnetId=subnet["SubnetId"])["NetworkInterface"]
    allocation = address["AllocationId"]
    ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=interface["NetworkInterfaceId"])
    with pytest.raises(ClientError, match="AlreadyAssociated"):
        ec2.associate_address(AllocationId=allocation, InstanceId=host.id, AllowReassociation=False)
    assert account.cloud.associations()[address["PublicIp"]] == ""


@pytest.mark.parametrize("key", ["HostedZoneName", "HostedZoneId"])
def test_a_record_finds_its_zone_by_name_and_by_id(account: Account, key: str) -> None:
    zone = account.cloud.create_hosted_zone("example.com")
    record: dict[str, Any] = {**RECORD, key: "example.com." if key == "HostedZoneName" else zone}
    resources = {"Address": {"Type": "AWS::EC2::EIP"}, "Record": resource("AWS::Route53::RecordSet", **record)}
    assert account.create("dns", {"Resources": resources}) == "CREATE_COMPLETE"
    (address,) = account.cloud.records()["registry.example.com"]
    assert address in account.cloud.associations()
    account.delete("dns")
    assert account.cloud.records() == {}
    account.client("route53").delete_hosted_zone(Id=zone)


def test_a_names_records_are_all_its_addresses_of_both_families(account: Account) -> None:
    zone, route53 = account.cloud.create_hosted_zone("example.org"), account.client("route53")
    both = {"A": ["203.0.113.7", "203.0.113.8"], "AAAA": ["2001:db8::80"]}
    for kind, addresses in both.items():
        values = [{"Value": each} for each in addresses]
        record = {"Name": "r.example.org", "Type": kind, "TTL": 60, "ResourceRecords": values}
        changes = [{"Action": "CREATE", "ResourceRecordSet": record}]
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    assert account.cloud.records()["r.example.org"] == ("203.0.113.7", "203.0.113.8", "2001:db8::80")


@pytest.mark.parametrize(
    ("instance_type", "reason"),
    [("t3.small", "does not match the architecture 'arm64'"), ("t99.nano", "Invalid instance type: t99.nano")],
)
def test_a_type_that_cannot_run_the_image_fails_the_deploy(account: Account, instance_type: str, reason: str) -> None:
    name = instance_type.replace(".", "-")
    assert account.create(name, host_stack(instance_type=instance_type)) == "ROLLBACK_COMPLETE"
    assert any(reason in said for said in account.reasons(name, "Hosts"))


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Take t4g.small out of zones, for one test."""
    of_region = INSTANCE_TYPE_OFFERINGS["availability-zone"]
    monkeypatch.setitem(of_region, "us-east-1", of_region["us-east-1"])

    def withdraw(*zones: str) -> None:
        for zone in zones:
            offers.withdraw("us-east-1", zone, "t4g.small")

    return withdraw


@pytest.mark.parametrize(("gone", "zone"), [("us-east-1a", "us-east-1b"), ("us-east-1b", "us-east-1a")])
def test_a_type_that_a_zone_lacks_starts_in_another(
    account: Account, absent: Callable[..., None], gone: str, zone: str
) -> None:
    absent(gone)
    with account.hosts_signal("SUCCESS"):
        assert account.create(gone, host_stack()) == "CREATE_COMPLETE"
    (host,) = (each for each in account.cloud.instances() if each.tags["aws:cloudformation:stack-name"] == gone)
    assert account.cloud.instance_metadata(host.id)["placement/availability-zone"] == zone
    with account.hosts_signal("SUCCESS"):
        assert account.update(gone, host_stack("second")) == "UPDATE_COMPLETE"
    account.delete(gone)


def test_a_type_that_every_zone_of_the_group_lacks_fails_the_deploy(
    account: Account, absent: Callable[..., None]
) -> None:
    absent("us-east-1a", "us-east-1b")
    assert account.create("nowhere", host_stack()) == "ROLLBACK_COMPLETE"
    (said,) = (each for each in account.reasons("nowhere", "Hosts") if "Zone" in each)
    assert "Your requested instance type (t4g.small) is not supported in your requested Availability Zone" in said
    assert said.endswith("or choosing us-east-1c, us-east-1d, us-east-1f.")


def test_a_key_pair_that_does_not_exist_fails_the_deploy(account: Account) -> None:
    assert account.create("keyless", host_stack(key_name="laptop")) == "ROLLBACK_COMPLETE"
    assert "The key pair 'laptop' does not exist" in account.reasons("keyless", "Hosts")


def test_user_data_above_the_limit_fails_the_deploy(account: Account) -> None:
    assert account.create("large", host_stack("x" * 16385)) == "ROLLBACK_COMPLETE"
    assert "User data is limited to 16384 bytes" in account.reasons("large", "Hosts")


def test_an_unknown_address_is_refused(account: Account, host: Instance) -> None:
    with pytest.raises(ClientError, match="InvalidAllocationID"):
        account.client("ec2").associate_address(AllocationId="eipalloc-none", InstanceId=host.id)
