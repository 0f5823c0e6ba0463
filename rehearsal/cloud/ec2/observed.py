"""Snapshots of what exists, cheap enough to take five times a second."""

import base64
from typing import Any

from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.instances import Instance as Ec2Instance
from moto.iam.models import Role
from moto.route53.models import route53_backends
from moto.utilities.utils import get_partition

from rehearsal.cloud.core.values import Instance, Place


def instances(place: Place) -> tuple[Instance, ...]:
    return tuple(_instance(each) for each in running(place))


def running(place: Place) -> list[Ec2Instance]:
    return [each for each in _ec2(place).all_instances() if each.state in ("pending", "running")]


def associations(place: Place) -> dict[str, str]:
    """Elastic IP -> instance id, "" when free."""
    return {eip.public_ip: _holder(eip) for eip in _ec2(place).addresses}


def records(place: Place) -> dict[str, str]:
    """A records: name without trailing dot -> address."""
    zones = route53_backends[place.account][get_partition(place.region)].zones.values()
    return {
        record.name.rstrip("."): record.records[0]
        for zone in zones
        for record in zone.rrsets
        if record.type == "A" and record.records
    }


def open_tcp_ports(place: Place, security_group_ids: tuple[str, ...]) -> tuple[tuple[str, int, int], ...]:
    """(CIDR, first port, last port) of every ingress rule that lets TCP in from addresses."""
    ec2 = _ec2(place)
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


def _ec2(place: Place) -> EC2Backend:
    return ec2_backends[place.account][place.region]


def _instance(each: Ec2Instance) -> Instance:
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
    if eip.instance:
        return str(eip.instance.id)
    return str(eip.eni.instance.id) if eip.eni and eip.eni.instance else ""
