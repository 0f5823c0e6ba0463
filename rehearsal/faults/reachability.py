"""What can break between clients, host and AWS: DNS, ports, the address, the way to S3."""

import time
from collections.abc import Mapping
from typing import Any

from rehearsal.contract import product
from rehearsal.contract.world_network import BRIDGE, S3_ADDRESS
from rehearsal.faults.bucket import instance_of
from rehearsal.faults.fault import Fault, FaultError, Target, in_world
from rehearsal.outside.world import World

# In the ranges for documentation: no machine has them.
ELSEWHERE, ELSEWHERE_IPV6 = "192.0.2.80", "2001:db8::80"
TABLE = "faults"
A_NAME_OF_AWS = "https://ec2.us-east-1.amazonaws.com/"
LOOK = ("--silent", "--max-time", "2", "--output", "/dev/null")
REASSIGNED_SECONDS = 90


def _zone_and_record(world: World) -> tuple[str, dict[str, Any]]:
    route53 = world.aws("route53")
    for zone in route53.list_hosted_zones()["HostedZones"]:
        for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]:
            if record["Type"] == "A" and record["Name"].rstrip(".") == world.domain:
                return zone["Id"], record
    raise FaultError(f"Route 53 has no A record of {world.domain}")


def _change_record(world: World, zone: str, action: str, record: Mapping[str, Any]) -> None:
    change = {"Action": action, "ResourceRecordSet": record}
    world.aws("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})


def _delete_record(world: World) -> Any:
    zone, record = _zone_and_record(world)
    _change_record(world, zone, "DELETE", record)
    return [zone, record]


def point_elsewhere(world: World) -> Any:
    """The A record names an address that no machine has; returns what restore_record needs."""
    zone, record = _zone_and_record(world)
    _change_record(world, zone, "UPSERT", {**record, "ResourceRecords": [{"Value": ELSEWHERE}]})
    return [zone, record]


def restore_record(world: World, remembered: Any) -> None:
    zone, record = remembered
    _change_record(world, zone, "UPSERT", record)


def point_elsewhere_by_ipv6(world: World) -> Any:
    """The A record stays right, and an AAAA record names an address that no machine has."""
    zone, record = _zone_and_record(world)
    other = {**record, "Type": "AAAA", "ResourceRecords": [{"Value": ELSEWHERE_IPV6}]}
    _change_record(world, zone, "UPSERT", other)
    return [zone, other]


def delete_record(world: World, remembered: Any) -> None:
    zone, record = remembered
    _change_record(world, zone, "DELETE", record)


def close_port(world: World, port: int) -> Any:
    """Close a port in the hosts' security groups; returns what open_port needs."""
    ec2 = world.aws("ec2")
    instance = instance_of(Target.newest(world))
    closed = []
    for group in instance["SecurityGroups"]:
        described = ec2.describe_security_groups(GroupIds=[group["GroupId"]])["SecurityGroups"][0]
        for rule in described["IpPermissions"]:
            if rule.get("FromPort") == port == rule.get("ToPort"):
                permission = {
                    "IpProtocol": rule["IpProtocol"],
                    "FromPort": port,
                    "ToPort": port,
                    "IpRanges": [{"CidrIp": each["CidrIp"]} for each in rule.get("IpRanges", [])],
                    "Ipv6Ranges": [{"CidrIpv6": each["CidrIpv6"]} for each in rule.get("Ipv6Ranges", [])],
                }
                permission = {name: value for name, value in permission.items() if value != []}
                ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[permission])
                closed.append([group["GroupId"], permission])
    return closed


def open_port(world: World, closed: Any) -> None:
    for group_id, permission in closed:
        world.aws("ec2").authorize_security_group_ingress(GroupId=group_id, IpPermissions=[permission])


def _take_address(world: World) -> Any:
    """The host would take a free address back; this one is on an interface of no instance."""
    ec2 = world.aws("ec2")
    target = Target.newest(world)
    addresses = ec2.describe_addresses()["Addresses"]
    allocation = next(each["AllocationId"] for each in addresses if each["PublicIp"] == world.state.address)
    interface = ec2.create_network_interface(SubnetId=instance_of(target)["SubnetId"])["NetworkInterface"]
    ec2.associate_address(
        AllocationId=allocation, NetworkInterfaceId=interface["NetworkInterfaceId"], AllowReassociation=True
    )
    _await_another_address(target)
    return {"host": target.host.id, "allocation": allocation, "interface": interface["NetworkInterfaceId"]}


def _await_another_address(target: Target) -> None:
    """As the minutes between two looks of life do: EC2 gives the host another public address, and the host sees it."""
    for reaches_internet in (False, True):
        deadline = time.monotonic() + REASSIGNED_SECONDS
        while target.try_to("curl", *LOOK, A_NAME_OF_AWS) != reaches_internet:
            if time.monotonic() > deadline:
                raise FaultError(f"{target.host.id} has no other public address {REASSIGNED_SECONDS} s later")
    target.do("systemctl", "start", product.ADDRESS_SERVICE)


def _give_address_back(world: World, remembered: Mapping[str, str]) -> None:
    ec2 = world.aws("ec2")
    if any(host.id == remembered["host"] for host in world.hosts()):
        ec2.associate_address(
            AllocationId=remembered["allocation"], InstanceId=remembered["host"], AllowReassociation=True
        )
    ec2.delete_network_interface(NetworkInterfaceId=remembered["interface"])


def drop(world: World, rule: str, hook: str = "input") -> None:
    """A rule of the world's own packet filter, until let_through()."""
    table = f"add table inet {TABLE}\nadd chain inet {TABLE} {hook} {{ type filter hook {hook} priority -10; }}\n"
    in_world(world, "nft", "--file", "-", stdin=f"{table}add rule inet {TABLE} {hook} {rule}\n")


def let_through(world: World, hook: str = "input") -> None:
    in_world(world, "nft", "flush", "chain", "inet", TABLE, hook)


def _cut_off_s3(world: World) -> None:
    drop(world, f"iifname {BRIDGE} ip daddr {S3_ADDRESS} drop")


FAULTS: Mapping[str, Fault] = {
    "dns-missing": Fault("the A record is deleted", _delete_record, restore_record),
    "dns-elsewhere": Fault("the A record names another address", point_elsewhere, restore_record),
    "port-443-closed": Fault(
        "the security group does not let port 443 in any more", lambda world: close_port(world, 443), open_port
    ),
    "address-lost": Fault("the Elastic IP is moved to another interface", _take_address, _give_address_back),
    "s3-unreachable": Fault("no packet of the VPC reaches S3", _cut_off_s3, lambda world, _: let_through(world)),
}
