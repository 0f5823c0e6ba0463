"""What is wrong while the doctor looks: in the account, with the group, on the host and in front of it."""

import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from rehearsal.contract import product
from rehearsal.contract.aws_profile import AwsProfile
from rehearsal.faults import Active
from rehearsal.faults.bucket import instance_of
from rehearsal.faults.certificate import use
from rehearsal.faults.fault import Target
from rehearsal.faults.front import put_in_front, take_away
from rehearsal.faults.reachability import LOOK
from rehearsal.outside.world import World
from tests.support.waiting import until
from tests.support.world import WORKPLACE

# Of the second registry, which somebody wants to deploy into this account.
SECOND, SECOND_DOMAIN = "second", "second.example.com"
UNDELEGATED = "nowhere.example.com"
PICKY_ZONE, PICKY_DOMAIN = "picky.example", "registry.picky.example"
ROLE = "cdk-hnb659fds-cfn-exec-role-123456789012-us-east-1"
BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"
# AWS's for each of the three.
QUOTA = 5
CRASHES = 5
PROCESSES = ["HealthCheck", "ReplaceUnhealthy", "Launch", "Terminate"]
PATIENCE_SECONDS = 60
TOO_MANY = '{"__type":"ThrottlingException","message":"Rate exceeded"}'


@contextmanager
def faults(world: World, *names: str) -> Iterator[None]:
    active = Active(WORKPLACE)
    begun: list[str] = []
    try:
        for name in names:
            active.begin(world, name)
            begun.append(name)
        yield
    finally:
        for name in reversed(begun):
            active.end(world, name)


@contextmanager
def account_without_room(world: World) -> Iterator[None]:
    """Nothing of a second registry can be deployed, and an organization denies instances."""
    ec2, ssm, iam = world.aws("ec2"), world.aws("ssm"), world.aws("iam")
    _fill(lambda: ec2.describe_vpcs()["Vpcs"], lambda: ec2.create_vpc(CidrBlock="10.9.0.0/16"))
    _fill(lambda: ec2.describe_internet_gateways()["InternetGateways"], ec2.create_internet_gateway)
    _fill(lambda: ec2.describe_addresses()["Addresses"], lambda: ec2.allocate_address(Domain="vpc"))
    _leave_stacks(world)
    ssm.put_parameter(Name=f"/registry/{SECOND_DOMAIN}/users/push/anna", Value="secret", Type="SecureString")
    _put_record(world, SECOND_DOMAIN)
    version = ssm.get_parameter(Name=BOOTSTRAP)["Parameter"]["Value"]
    ssm.put_parameter(Name=BOOTSTRAP, Value="5", Type="String", Overwrite=True)
    iam.put_role_policy(RoleName=ROLE, PolicyName="denial", PolicyDocument=_policy("Deny", "lambda:*"))
    world.aws("route53").create_hosted_zone(Name=f"{UNDELEGATED}.", CallerReference=UNDELEGATED)
    put_in_front(world, "crt", f"if ($host = crt.sh) {{ return 200 '{_certificates()}'; }}\n")
    world.control.forbid("ec2:RunInstances")
    try:
        yield
    finally:
        world.control.forbid()
        take_away(world, "crt")
        iam.delete_role_policy(RoleName=ROLE, PolicyName="denial")
        ssm.put_parameter(Name=BOOTSTRAP, Value=version, Type="String", Overwrite=True)


def _fill(had: Callable[[], Sequence[Any]], make: Callable[[], Any]) -> None:
    for _ in range(QUOTA - len(had())):
        make()


def _leave_stacks(world: World) -> None:
    """One of another program, and one of a registry that could not be deleted: its bucket is not empty."""
    cloudformation, s3 = world.aws("cloudformation"), world.aws("s3")
    topic, bucket = {"Topic": {"Type": "AWS::SNS::Topic"}}, {"Bucket": {"Type": "AWS::S3::Bucket"}}
    for name, description, resources in (
        ("dns", "A shop", topic),
        ("storage", "Private Docker registry: images", bucket),
    ):
        body = json.dumps({"Description": description, "Resources": resources})
        cloudformation.create_stack(StackName=f"{SECOND}-{name}", TemplateBody=body)
    storage = f"{SECOND}-storage"
    until(lambda: _status(cloudformation, storage) == "CREATE_COMPLETE", PATIENCE_SECONDS)
    (made,) = cloudformation.list_stack_resources(StackName=storage)["StackResourceSummaries"]
    s3.put_object(Bucket=made["PhysicalResourceId"], Key="kept", Body=b"")
    cloudformation.delete_stack(StackName=storage)
    until(lambda: _status(cloudformation, storage) == "DELETE_FAILED", PATIENCE_SECONDS)


def _status(cloudformation: Any, name: str) -> str:
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return str(stack["StackStatus"])


def _put_record(world: World, name: str) -> None:
    record = {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    route53 = world.aws("route53")
    (zone,) = route53.list_hosted_zones()["HostedZones"]
    changes = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch=changes)


def _certificates() -> str:
    """Five of one name within one week, as crt.sh shows them; in quotes of nginx."""
    issued = {"issuer_name": "C=US, O=Let's Encrypt, CN=E7", "name_value": PICKY_DOMAIN}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    rows = [{**issued, "not_before": now, "serial_number": str(number)} for number in range(5)]
    return json.dumps(rows).replace("'", "\\'")


def _policy(*effects_and_actions: str) -> str:
    pairs = zip(effects_and_actions[::2], effects_and_actions[1::2], strict=True)
    statements = [{"Effect": effect, "Action": action, "Resource": "*"} for effect, action in pairs]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def person_who_may_all_but(world: World, *actions: str) -> AwsProfile:
    iam = world.aws("iam")
    iam.create_user(UserName="person")
    denials = [part for action in actions for part in ("Deny", action)]
    iam.put_user_policy(UserName="person", PolicyName="rights", PolicyDocument=_policy("Allow", "*", *denials))
    keys = iam.create_access_key(UserName="person")["AccessKey"]
    return replace(world.state.profile, access_key_id=keys["AccessKeyId"], secret_access_key=keys["SecretAccessKey"])


@contextmanager
def group_out_of_order(world: World) -> Iterator[None]:
    """Its host counts as ill, nobody replaces it, and an alarm rings."""
    autoscaling, cloudwatch = world.aws("autoscaling"), world.aws("cloudwatch")
    (group,) = autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    (host,) = group["Instances"]
    named = {"AutoScalingGroupName": group["AutoScalingGroupName"]}
    autoscaling.suspend_processes(**named, ScalingProcesses=PROCESSES)
    autoscaling.set_instance_health(InstanceId=host["InstanceId"], HealthStatus="Unhealthy")
    alarm = cloudwatch.describe_alarms()["MetricAlarms"][0]
    cloudwatch.set_alarm_state(AlarmName=alarm["AlarmName"], StateValue="ALARM", StateReason="test")
    try:
        yield
    finally:
        cloudwatch.set_alarm_state(AlarmName=alarm["AlarmName"], StateValue="OK", StateReason="test")
        autoscaling.set_instance_health(InstanceId=host["InstanceId"], HealthStatus="Healthy")
        autoscaling.resume_processes(**named, ScalingProcesses=PROCESSES)


def fail_to_renew(target: Target) -> None:
    assert not target.try_to(product.RENEW_CERTIFICATE)


def await_crashes(target: Target) -> None:
    """Docker waits longer each time before it starts the container again."""
    count = ("docker", "inspect", "--format", "{{.RestartCount}}", product.CONTAINER)
    until(lambda: int(target.do(*count)) >= CRASHES, PATIENCE_SECONDS)


@contextmanager
def placeholder_served(target: Target) -> Iterator[None]:
    use(target, product.PLACEHOLDER_CERTIFICATE)
    try:
        yield
    finally:
        use(target)


@contextmanager
def no_users(world: World) -> Iterator[None]:
    """In Parameter Store."""
    ssm, path = world.aws("ssm"), f"{product.parameter_path(world.domain)}/users"
    found = ssm.get_parameters_by_path(Path=path, Recursive=True, WithDecryption=True)["Parameters"]
    ssm.delete_parameters(Names=[each["Name"] for each in found])
    try:
        yield
    finally:
        for each in found:
            ssm.put_parameter(Name=each["Name"], Value=each["Value"], Type="SecureString")
        Target.newest(world).do(product.SYNC_USERS)


@contextmanager
def docker_hangs(target: Target) -> Iterator[None]:
    target.do("systemctl", "kill", "--signal=STOP", "docker.service")
    try:
        yield
    finally:
        target.do("systemctl", "kill", "--signal=CONT", "docker.service")


@contextmanager
def another_address(world: World) -> Iterator[None]:
    """The host has another Elastic IP than the registry's, which is on an interface of no instance."""
    ec2, target = world.aws("ec2"), Target.newest(world)
    addresses = ec2.describe_addresses()["Addresses"]
    own = next(each["AllocationId"] for each in addresses if each["PublicIp"] == world.state.address)
    spare = next(each for each in addresses if not each.get("AssociationId"))
    interface = ec2.create_network_interface(SubnetId=instance_of(target)["SubnetId"])["NetworkInterface"]
    ec2.associate_address(AllocationId=own, NetworkInterfaceId=interface["NetworkInterfaceId"], AllowReassociation=True)
    association = ec2.associate_address(AllocationId=spare["AllocationId"], InstanceId=target.host.id)["AssociationId"]
    look = (product.AWS_API, "metadata", "public-ipv4")
    until(lambda: world.run_on_host(target.host, *look).stdout.strip() == spare["PublicIp"], PATIENCE_SECONDS)
    target.do("systemctl", "start", product.ADDRESS_SERVICE)
    try:
        yield
    finally:
        ec2.disassociate_address(AssociationId=association)
        ec2.associate_address(AllocationId=own, InstanceId=target.host.id, AllowReassociation=True)
        ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
        until(lambda: _reaches(world), PATIENCE_SECONDS)
        # As the host does by itself within a minute: it sees the move, and reconnects its SSM agent.
        target.do("systemctl", "start", product.ADDRESS_SERVICE)


def _reaches(world: World) -> bool:
    """Whether a client reaches the registry, by its address."""
    look = world.command(["curl", "--insecure", *LOOK, f"https://{world.domain}/"])
    return subprocess.run(look, capture_output=True).returncode == 0


@contextmanager
def run_command_throttled(world: World, person: AwsProfile) -> Iterator[None]:
    """For this person."""
    asked = 'set $asked "$http_x_amz_target $http_authorization";\n'
    theirs = f"AmazonSSM.SendCommand.*Credential={person.access_key_id}/"
    put_in_front(world, "ssm", f"{asked}if ($asked ~ \"{theirs}\") {{ return 400 '{TOO_MANY}'; }}\n")
    try:
        yield
    finally:
        take_away(world, "ssm")


def delete_operations(world: World) -> None:
    cloudformation = world.aws("cloudformation")
    cloudformation.delete_stack(StackName="registry-operations")

    def names() -> list[str]:
        return [stack["StackName"] for stack in cloudformation.describe_stacks()["Stacks"]]

    until(lambda: "registry-operations" not in names(), PATIENCE_SECONDS)
