"""The hosts' network: a public subnet in each of several zones, and a free way to S3."""

from dataclasses import dataclass
from typing import cast

from aws_cdk import Fn
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

# These two fill the first address block, and no subnet can be resized: each later pair gets a block of its own, so that
# another number of zones never replaces the subnet of a host.
# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html#add-cidr-block-restrictions
_FIRST_ZONES = 2


@dataclass(frozen=True, slots=True)
class Network:
    vpc: ec2.Vpc
    subnets: list[ec2.ISubnet]


def add_network(scope: Construct, zones: int) -> Network:
    """``zones`` is 2 to 6. In a region with fewer, the later subnets are in the first zones again."""
    vpc = ec2.Vpc(
        scope,
        "Network",
        max_azs=_FIRST_ZONES,
        nat_gateways=0,
        subnet_configuration=[ec2.SubnetConfiguration(name="public", subnet_type=ec2.SubnetType.PUBLIC)],
        # Restricting takes a Lambda function of its own, and no host is ever in the default group.
        restrict_default_security_group=False,
    )
    blocks = [
        ec2.CfnVPCCidrBlock(vpc, f"Block{number}", vpc_id=vpc.vpc_id, cidr_block=f"10.{number}.0.0/16")
        for number in range(1, (zones + 1) // 2)
    ]
    later = [_subnet(vpc, zone, blocks[zone // 2 - 1]) for zone in range(_FIRST_ZONES, zones)]
    subnets = [*vpc.public_subnets, *later]
    # Without it, images would travel to S3 through the internet gateway.
    s3 = ec2.GatewayVpcEndpointAwsService.S3
    vpc.add_gateway_endpoint("S3", service=s3, subnets=[ec2.SubnetSelection(subnets=subnets)])
    return Network(vpc, subnets)


def _subnet(vpc: ec2.Vpc, zone: int, block: ec2.CfnVPCCidrBlock) -> ec2.PublicSubnet:
    """``zone`` counts from 0."""
    subnet = ec2.PublicSubnet(
        vpc,
        f"publicSubnet{zone + 1}",
        vpc_id=vpc.vpc_id,
        availability_zone=_zone(zone),
        cidr_block=f"10.{zone // 2}.{zone % 2 * 128}.0/17",
        map_public_ip_on_launch=True,
    )
    subnet.node.add_dependency(block)
    subnet.add_default_internet_route(cast(str, vpc.internet_gateway_id), vpc.node.find_child("VPCGW"))
    return subnet


def _zone(number: int) -> str:
    """Without credentials a synthesis knows no zones, and ``Fn::Select`` fails beyond the end of a list.

    So the region's zones are listed three times: us-west-1 shows most accounts two zones.
    """
    once = Fn.join(",", Fn.get_azs())
    return Fn.select(number, Fn.split(",", Fn.join(",", [once, once, once])))
