"""Instances and addresses as the rest of the rehearsal sees them, and the answers of the metadata service."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance as Ec2Instance
from moto.iam.models import Role

from rehearsal.cloud.core.scope import Scope


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance, as far as the rest of the rehearsal needs to know it."""

    id: str
    private_ip: str
    user_data: bytes
    profile_name: str | None
    image_id: str
    security_group_ids: tuple[str, ...]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """An instance's public IPv4 address: an Elastic IP, or one that EC2 has assigned by itself."""

    text: str
    is_elastic: bool


def running(scope: Scope) -> list[Ec2Instance]:
    return [each for each in scope.regional(ec2_backends).all_instances() if each.state in ("pending", "running")]


def named(scope: Scope, instance_id: str) -> Ec2Instance:
    """A pending or running one; StopIteration without it."""
    return next(each for each in running(scope) if each.id == instance_id)


def associations(scope: Scope) -> dict[str, str]:
    return {eip.public_ip: _holder(eip) for eip in scope.regional(ec2_backends).addresses}


def public_addresses(scope: Scope) -> dict[str, PublicAddress]:
    """By instance, of those that have one. An Elastic IP takes the place of the address that EC2 has assigned."""
    elastic = {holder: address for address, holder in associations(scope).items()}
    return {
        each.id: PublicAddress(elastic.get(each.id) or str(each.public_ip), each.id in elastic)
        for each in running(scope)
        if each.id in elastic or each.public_ip
    }


def open_tcp_ports(scope: Scope, security_group_ids: tuple[str, ...]) -> tuple[tuple[str, int, int], ...]:
    ec2 = scope.regional(ec2_backends)
    found = []
    for group_id in security_group_ids:
        group = ec2.get_security_group_from_id(group_id)
        for rule in group.ingress_rules if group else []:
            source = rule.ip_range.get("CidrIp")
            if not source or rule.ip_protocol not in ("tcp", "-1"):
                continue
            first, last = (0, 65535) if rule.ip_protocol == "-1" else (rule.from_port, rule.to_port)
            found.append((source, int(first or 0), int(last or 65535)))
    return tuple(found)


def observe(each: Ec2Instance) -> Instance:
    return Instance(
        id=each.id,
        private_ip=str(each.private_ip),
        user_data=base64.b64decode(str(each.user_data or "")),
        profile_name=profile_name(each),
        image_id=each.image_id,
        security_group_ids=tuple(group.id for group in each.security_groups),
        tags={tag["key"]: tag["value"] for tag in each.get_tags()},
    )


def profile_name(each: Ec2Instance) -> str | None:
    association = each.ec2_backend.iam_instance_profile_associations.get(each.id)
    return str(association.iam_instance_profile.name) if association else None


def role_of(each: Ec2Instance) -> Role | None:
    association = each.ec2_backend.iam_instance_profile_associations.get(each.id)
    roles = association.iam_instance_profile.roles if association else []
    return roles[0] if roles else None


def _holder(eip: Any) -> str:
    instance = eip.instance or (eip.eni and eip.eni.instance)
    return str(instance.id) if instance else ""


def instance_metadata(scope: Scope, instance_id: str) -> Mapping[str, str]:
    """Path under latest/meta-data/ -> text, without the credentials themselves and without the public address.
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-metadata.html
    """
    each = named(scope, instance_id)
    interface = each.nics[0]
    mac = interface.mac_address
    network = f"network/interfaces/macs/{mac}/"
    subnet = each.ec2_backend.get_subnet(each.subnet_id)
    found = {
        "ami-id": each.image_id,
        "ami-launch-index": "0",
        "hostname": each.private_dns_name,
        "instance-action": "none",
        "instance-id": each.id,
        "instance-life-cycle": "on-demand",
        "instance-type": each.instance_type,
        "local-hostname": each.private_dns_name,
        "local-ipv4": str(each.private_ip),
        "mac": mac,
        "placement/availability-zone": str(each.placement.zone),
        "placement/region": scope.region,
        "reservation-id": "r-rehearsal",
        "security-groups": "\n".join(group.name for group in each.security_groups),
        "services/domain": "amazonaws.com",
        "services/partition": "aws",
        f"{network}device-number": "0",
        f"{network}interface-id": interface.id,
        f"{network}local-ipv4s": str(each.private_ip),
        f"{network}mac": mac,
        f"{network}owner-id": scope.account,
        f"{network}security-group-ids": "\n".join(group.id for group in each.security_groups),
        f"{network}subnet-id": str(each.subnet_id),
        f"{network}subnet-ipv4-cidr-block": subnet.cidr_block,
        f"{network}vpc-id": str(each.vpc_id),
    }
    if role := role_of(each):
        association = each.ec2_backend.iam_instance_profile_associations[each.id]
        profile = association.iam_instance_profile
        info = {"Code": "Success", "InstanceProfileArn": profile.arn, "InstanceProfileId": profile.id}
        found["iam/info"] = json.dumps(info)
        found["iam/security-credentials/"] = role.name
    if each.metadata_options.instance_metadata_tags == "enabled":
        found |= {f"tags/instance/{tag['key']}": tag["value"] for tag in each.get_tags()}
    return found
