"""The registry's address, and its A record if Route 53 keeps the zone."""

from aws_cdk import CfnOutput, Stack, Tags
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_route53 as route53
from constructs import Construct

RECORD_TTL_SECONDS = 60


class DnsStack(Stack):
    def __init__(self, scope: Construct, stack_id: str, *, domain_name: str, hosted_zone: str) -> None:
        super().__init__(scope, stack_id, description=f"Private Docker registry: address of {domain_name}")
        self.address = ec2.CfnEIP(self, "Address", domain="vpc")
        Tags.of(self.address).add("Name", domain_name)
        if hosted_zone:
            by_name = "." in hosted_zone
            route53.CfnRecordSet(
                self,
                "Record",
                name=f"{domain_name}.",
                type="A",
                ttl=str(RECORD_TTL_SECONDS),
                resource_records=[self.address.ref],
                hosted_zone_name=f"{hosted_zone}." if by_name else None,
                hosted_zone_id=None if by_name else hosted_zone,
            )
        else:
            record = f"{domain_name}. {RECORD_TTL_SECONDS} IN A {self.address.ref}"
            CfnOutput(self, "DnsRecord", value=record, description="The record to create at your DNS provider")
        CfnOutput(self, "PublicAddress", value=self.address.ref, description=f"The address of {domain_name}")
