"""The answers of the instance metadata service."""

import json
from collections.abc import Mapping

from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.ec2.observed import associations, named, role_of


def instance_metadata(scope: Scope, instance_id: str) -> Mapping[str, str]:
    """Path under latest/meta-data/ -> text, without the credentials themselves.

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
    for address, holder in associations(scope).items():
        if holder == each.id:
            found["public-ipv4"] = address
            found[f"{network}public-ipv4s"] = address
    if role := role_of(each):
        association = each.ec2_backend.iam_instance_profile_associations[each.id]
        found["iam/info"] = json.dumps(
            {
                "Code": "Success",
                "InstanceProfileArn": association.iam_instance_profile.arn,
                "InstanceProfileId": association.iam_instance_profile.id,
            }
        )
        found["iam/security-credentials/"] = role.name
    if each.metadata_options.instance_metadata_tags == "enabled":
        found |= {f"tags/instance/{tag['key']}": tag["value"] for tag in each.get_tags()}
    return found
