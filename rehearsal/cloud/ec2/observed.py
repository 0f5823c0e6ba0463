"""Snapshots of instances and addresses, cheap enough to take five times a second."""

import base64
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


def instances(scope: Scope) -> tuple[Instance, ...]:
    return tuple(_instance(each) for each in running(scope))


def running(scope: Scope) -> list[Ec2Instance]:
    return [each for each in scope.regional(ec2_backends).all_instances() if each.state in ("pending", "running")]


def named(scope: Scope, instance_id: str) -> Ec2Instance:
    """A pending or running one; StopIteration without it."""
    return next(each for each in running(scope) if each.id == instance_id)


def associations(scope: Scope) -> dict[str, str]:
    """Elastic IP -> instance id, "" when free."""
    return {eip.public_ip: _holder(eip) for eip in scope.regional(ec2_backends).addresses}


def open_tcp_ports(scope: Scope, security_group_ids: tuple[str, ...]) -> tuple[tuple[str, int, int], ...]:
    """(CIDR, first port, last port) of every ingress rule that lets TCP in from addresses."""
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
