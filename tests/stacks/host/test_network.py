"""The hosts' subnets: one in each of several zones, and the same ones after another number of zones."""

from collections.abc import Mapping
from typing import Any

import pytest

from rehearsal.cloud.cloudformation.template import Resolver
from rehearsal.cloud.core.scope import Scope
from tests.support.assembly import Assembly, Synthesise
from tests.support.deployed import DeployedProduct, deployed

SUBNET = "AWS::EC2::Subnet"


def subnets(assembly: Assembly) -> Mapping[str, Any]:
    return {name: each["Properties"] for name, each in assembly.host.of_type(SUBNET).items()}


def zones(assembly: Assembly, *of_region: str) -> list[str]:
    """As CloudFormation chooses them in a region that shows these."""
    listed = {"Fn::GetAZs": ""}

    def with_zones(value: Any) -> Any:
        if value == listed:
            return list(of_region)
        if isinstance(value, dict):
            return {key: with_zones(each) for key, each in value.items()}
        return [with_zones(each) for each in value] if isinstance(value, list) else value

    resolver = Resolver("id", "name", {"Resources": {}}, {}, Scope("123456789012", "us-east-1"), {})
    return [resolver.resolve(with_zones(each["AvailabilityZone"])) for each in subnets(assembly).values()]


def test_a_host_may_start_in_three_zones(assembly: Assembly) -> None:
    assert zones(assembly, "a", "b", "c", "d") == ["a", "b", "c"]
    group = assembly.host.properties("AWS::AutoScaling::AutoScalingGroup")
    assert [each["Ref"] for each in group["VPCZoneIdentifier"]] == list(subnets(assembly))


def test_a_region_that_shows_two_zones_is_enough(assembly: Assembly, synthesise: Synthesise) -> None:
    assert zones(assembly, "a", "c") == ["a", "c", "a"]
    assert zones(synthesise(availability_zones="6"), "a", "c") == ["a", "c"] * 3


def test_another_number_of_zones_leaves_the_other_subnets_as_they_are(synthesise: Synthesise) -> None:
    two, six = (subnets(synthesise(availability_zones=number)) for number in ("2", "6"))
    assert {name: six[name] for name in two} == two
    blocks = [each["CidrBlock"] for each in six.values()]
    assert blocks == ["10.0.0.0/17", "10.0.128.0/17", "10.1.0.0/17", "10.1.128.0/17", "10.2.0.0/17", "10.2.128.0/17"]


@pytest.mark.parametrize("number", ["2", "3", "6"])
def test_every_subnet_has_its_way_out_and_its_way_to_s3(synthesise: Synthesise, number: str) -> None:
    host = synthesise(availability_zones=number).host
    kinds = ("Subnet", "RouteTable", "Route", "SubnetRouteTableAssociation")
    assert [len(host.of_type(f"AWS::EC2::{kind}")) for kind in kinds] == [int(number)] * 4
    assert len(host.properties("AWS::EC2::VPCEndpoint")["RouteTableIds"]) == int(number)
    assert all(each["Properties"]["MapPublicIpOnLaunch"] for each in host.of_type(SUBNET).values())
    (attachment,) = host.of_type("AWS::EC2::VPCGatewayAttachment")
    assert all(attachment in each["DependsOn"] for each in host.of_type("AWS::EC2::Route").values())


def physical(product: DeployedProduct, kind: str) -> list[str]:
    described = product.account.cloudformation.describe_stack_resources(StackName="registry-host")["StackResources"]
    return [each["PhysicalResourceId"] for each in described if each["ResourceType"] == kind]


def test_a_deployment_of_two_zones_gets_a_third_and_keeps_what_it_has(
    synthesise: Synthesise, assembly: Assembly
) -> None:
    with deployed(synthesise(availability_zones="2")) as product:
        kept = ("AWS::EC2::Subnet", "AWS::EC2::VPC", "AWS::EC2::VPCEndpoint", "AWS::EC2::InternetGateway")
        before = {kind: physical(product, kind) for kind in kept}
        with product.account.hosts_signal("SUCCESS"):
            assert product.account.update("registry-host", dict(assembly.host.body)) == "UPDATE_COMPLETE"
        after = {kind: physical(product, kind) for kind in kept}
        assert all(set(before[kind]) <= set(after[kind]) for kind in kept)
        assert len(after[SUBNET]) == 3
        with product.account.hosts_signal("SUCCESS"):
            two = dict(synthesise(availability_zones="2").host.body)
            assert product.account.update("registry-host", two) == "UPDATE_COMPLETE"
        assert {kind: physical(product, kind) for kind in kept} == before
