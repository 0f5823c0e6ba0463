"""`python -m doctor` in a world, by the real names of AWS: several lines are wrong at a time, each by its own fault."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from rehearsal.contract import product
from rehearsal.faults import Active
from rehearsal.outside import doctor
from rehearsal.outside.world import World
from rehearsal.story.step import Story
from tests.rehearsal.outside.conftest import ZONE_WITHOUT_TYPE
from tests.support.world import WORKPLACE, needs_a_world

pytestmark = needs_a_world
OK, WARNING, FAILURE, UNKNOWN = product.DOCTOR_OK, product.DOCTOR_WARNING, product.DOCTOR_FAILURE, "?"
SECOND = "second.example.com"
ROLE = "cdk-hnb659fds-cfn-exec-role-123456789012-us-east-1"
BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"


def expect(report: doctor.Report, wanted: Mapping[str, tuple[str, str]]) -> None:
    """``wanted``: a line's subject, its word, and a part of its text."""
    lines = {line.partition(": ")[0].split(maxsplit=1)[1]: line for line in report.lines}
    seen = {name: lines.get(name, "no line") for name in wanted}
    wrong = {
        name: seen[name]
        for name, (word, text) in wanted.items()
        if seen[name].split(maxsplit=1)[0] != word or text not in seen[name]
    }
    assert wrong == {}, report.text
    assert report.exit_code == int(bool(report.with_word(FAILURE)))


def until_it_has(count: int, had: Callable[[], int], make: Callable[[], Any]) -> None:
    for _ in range(count - had()):
        make()


def put_record(world: World, name: str) -> None:
    record = {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    route53 = world.aws("route53")
    (zone,) = route53.list_hosted_zones()["HostedZones"]
    changes = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch=changes)


@pytest.fixture
def world(story: Story) -> World:
    return story.world


@pytest.fixture
def disorder(world: World) -> Iterator[None]:
    """An account in which a second registry cannot be deployed."""
    ec2, ssm, iam = world.aws("ec2"), world.aws("ssm"), world.aws("iam")
    until_it_has(5, lambda: len(ec2.describe_vpcs()["Vpcs"]), lambda: ec2.create_vpc(CidrBlock="10.9.0.0/16"))
    until_it_has(5, lambda: len(ec2.describe_internet_gateways()["InternetGateways"]), ec2.create_internet_gateway)
    until_it_has(5, lambda: len(ec2.describe_addresses()["Addresses"]), lambda: ec2.allocate_address(Domain="vpc"))
    shop = {"Description": "A shop", "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    world.aws("cloudformation").create_stack(StackName="second-dns", TemplateBody=json.dumps(shop))
    ssm.put_parameter(Name=f"/registry/{SECOND}/users/push/anna", Value="secret", Type="SecureString")
    put_record(world, SECOND)
    version = ssm.get_parameter(Name=BOOTSTRAP)["Parameter"]["Value"]
    ssm.put_parameter(Name=BOOTSTRAP, Value="5", Type="String", Overwrite=True)
    denial = {"Effect": "Deny", "Action": "lambda:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [denial]})
    iam.put_role_policy(RoleName=ROLE, PolicyName="denial", PolicyDocument=document)
    yield
    iam.delete_role_policy(RoleName=ROLE, PolicyName="denial")
    ssm.put_parameter(Name=BOOTSTRAP, Value=version, Type="String", Overwrite=True)


@pytest.mark.usefixtures("disorder")
def test_what_stands_in_the_way_of_a_second_registry_is_told_at_once(world: World) -> None:
    report = doctor.ask(
        world,
        domain_name=SECOND,
        name_prefix="second",
        instance_type=product.instance_type(),
        host_ami_parameter="/my/none",
        registry_image="public.ecr.aws/docker/library/registry:3.9",
    )
    expect(
        report,
        {
            "CDK bootstrap": (FAILURE, "version 5"),
            "deployment role": (FAILURE, "may not make lambda:CreateFunction"),
            "VPCs": (FAILURE, "5 of 5 in use"),
            "internet gateways": (FAILURE, "5 of 5 in use"),
            "Elastic IPs": (FAILURE, "5 of 5 in use"),
            "stack names": (FAILURE, "second-dns is not a registry's"),
            "users of the domain": (WARNING, "push/anna"),
            "S3 Block Public Access": (WARNING, "off: BlockPublicAcls"),
            "instance type": (WARNING, f"not in {ZONE_WITHOUT_TYPE}"),
            "machine image": (FAILURE, "no parameter /my/none"),
            "registry image": (FAILURE, "no such image"),
            "records of the name": (FAILURE, "A 192.0.2.1"),
            "hosted zone": (OK, "example.com"),
        },
    )


def test_a_zone_that_nobody_delegates_and_a_user_with_few_rights_are_told(world: World) -> None:
    iam, zone = world.aws("iam"), "nowhere.example.com"
    world.aws("route53").create_hosted_zone(Name=f"{zone}.", CallerReference=zone)
    iam.create_user(UserName="person")
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    denial = {"Effect": "Deny", "Action": ["ec2:RunInstances", "s3:GetAccountPublicAccessBlock"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything, denial]})
    iam.put_user_policy(UserName="person", PolicyName="rights", PolicyDocument=document)
    keys = iam.create_access_key(UserName="person")["AccessKey"]
    person = replace(world.state.profile, access_key_id=keys["AccessKeyId"], secret_access_key=keys["SecretAccessKey"])
    expect(
        doctor.ask(world, person, domain_name=f"a.{zone}", name_prefix="third", hosted_zone=zone),
        {
            "delegation": (FAILURE, f"no name server for {zone}"),
            "EC2 dry runs": (UNKNOWN, "permission ec2:RunInstances is missing"),
            "S3 Block Public Access": (UNKNOWN, "permission s3:GetAccountPublicAccessBlock is missing"),
        },
    )
    expect(
        doctor.ask(world, replace(person, access_key_id="AKIAUNKNOWN")),
        {"credentials": (FAILURE, "does not know this access key")},
    )


def test_what_is_wrong_with_a_registry_that_runs_is_told(world: World) -> None:
    autoscaling = world.aws("autoscaling")
    (group,) = autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    autoscaling.suspend_processes(
        AutoScalingGroupName=group["AutoScalingGroupName"], ScalingProcesses=["ReplaceUnhealthy"]
    )
    faults = Active(WORKPLACE)
    broken = ("registry-stopped", "login-check-stopped")
    for fault in broken:
        faults.begin(world, fault)
    try:
        report = doctor.ask(world)
    finally:
        for fault in reversed(broken):
            faults.end(world, fault)
        autoscaling.resume_processes(AutoScalingGroupName=group["AutoScalingGroupName"])
    expect(
        report,
        {
            "group's processes": (WARNING, "ReplaceUnhealthy"),
            "alerts' e-mail": (WARNING, "none confirmed"),
            "host registry": (FAILURE, "exited"),
            "host auth": (FAILURE, "inactive"),
            "hosts": (OK, group["Instances"][0]["InstanceId"]),
        },
    )
    faults.begin(world, "dns-elsewhere")
    try:
        report = doctor.ask(world)
    finally:
        faults.end(world, "dns-elsewhere")
    expect(report, {"DNS": (FAILURE, ""), "records of the name": (FAILURE, "expected 10.77.0.100")})
