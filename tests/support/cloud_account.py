"""An emulated AWS account with a person who reads mail in it, and hosts that signal as soon as they are seen."""

import json
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import boto3
import requests
from botocore.config import Config

from rehearsal.cloud.core.cloud import Cloud
from rehearsal.cloud.ec2.observed import Instance
from rehearsal.cloud.sns.mail import Letter
from tests.support.waiting import until

REGION = "us-east-1"
ARM_IMAGE = "resolve:ssm:/aws/service/canonical/ubuntu/server/26.04/stable/current/arm64/hvm/ebs-gp3/ami-id"


class Account:
    def __init__(self, cloud: Cloud, region: str = REGION) -> None:
        self.cloud = cloud
        self.region = region
        self.cloudformation = self.client("cloudformation")

    def client(self, service: str, **credentials: str) -> Any:
        """As the administrator, or with the credentials given."""
        mine = {
            "aws_access_key_id": self.cloud.administrator.id,
            "aws_secret_access_key": self.cloud.administrator.secret,
        }
        untyped: Any = boto3.client
        return untyped(
            service,
            endpoint_url=self.cloud.endpoint_url,
            region_name=self.region,
            # boto3 alone would still presign with the version before.
            config=Config(signature_version="s3v4") if service == "s3" else None,
            **(credentials or mine),
        )

    def client_of_host(self, service: str, instance_id: str) -> Any:
        issued = self.cloud.role_credentials(instance_id)
        return self.client(
            service,
            aws_access_key_id=issued["AccessKeyId"],
            aws_secret_access_key=issued["SecretAccessKey"],
            aws_session_token=issued["Token"],
        )

    def client_of_user(self, service: str, *statements: dict[str, Any]) -> Any:
        """As a new user with these rights alone."""
        iam, name = self.client("iam"), f"user-{uuid.uuid4()}"
        iam.create_user(UserName=name)
        policy = json.dumps(document(*statements))
        iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return self.client(service, aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])

    def create(self, name: str, template: dict[str, Any], **options: Any) -> str:
        """Creates a stack and returns the status it comes to rest in."""
        self.cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template), **options)
        return self.settled(name)

    def update(self, name: str, template: dict[str, Any]) -> str:
        self.cloudformation.update_stack(StackName=name, TemplateBody=json.dumps(template))
        return self.settled(name)

    def delete(self, name: str) -> str:
        stack_id = self.stack(name)["StackId"]
        self.cloudformation.delete_stack(StackName=name)
        return self.settled(stack_id)

    def stack(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        return found

    def settled(self, name: str) -> str:
        until(lambda: not self.stack(name)["StackStatus"].endswith("_IN_PROGRESS"))
        return str(self.stack(name)["StackStatus"])

    def reasons(self, name: str, logical_id: str) -> list[str]:
        """What the events of a resource (or of the stack, by its name) said, oldest first."""
        events = self.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        return [
            event.get("ResourceStatusReason", "")
            for event in reversed(events)
            if event["LogicalResourceId"] == logical_id
        ]

    def create_host(self, user_data: str = "first", **options: Any) -> Instance:
        """Creates the stack "host", whose host signals success."""
        with self.hosts_signal("SUCCESS"):
            assert self.create("host", host_stack(user_data, **options)) == "CREATE_COMPLETE"
        (instance,) = self.cloud.instances()
        return instance

    def dead_letters(self) -> list[dict[str, Any]]:
        """The messages in the account's only queue."""
        sqs = self.client("sqs")
        (url,) = sqs.list_queues()["QueueUrls"]
        found: list[dict[str, Any]] = sqs.receive_message(
            QueueUrl=url, MessageAttributeNames=["All"], VisibilityTimeout=0
        ).get("Messages", [])
        return found

    @contextmanager
    def hosts_signal(self, status: str) -> Iterator[None]:
        """Every host signals this as soon as it is seen, with the credentials of its role."""
        done = threading.Event()
        seen = {instance.id for instance in self.cloud.instances()}

        def watch() -> None:
            while not done.wait(0.05):
                for instance in self.cloud.instances():
                    if instance.id not in seen:
                        seen.add(instance.id)
                        self.signal(instance, status)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def signal(self, instance: Instance, status: str) -> None:
        self.client_of_host("cloudformation", instance.id).signal_resource(
            StackName=instance.tags["aws:cloudformation:stack-name"],
            LogicalResourceId="Hosts",
            UniqueId=instance.id,
            Status=status,
        )


def allow(action: str | list[str], resource: Any, **conditions: Any) -> dict[str, Any]:
    """A statement; the conditions are operators, such as StringEquals."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": conditions}


def role(service: str, *statements: dict[str, Any]) -> dict[str, Any]:
    """A role with these rights, for a service."""
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    policies = [{"PolicyName": "rights", "PolicyDocument": document(*statements)}] if statements else []
    return resource("AWS::IAM::Role", AssumeRolePolicyDocument=document(trust), Policies=policies)


def resource(type_: str, **properties: Any) -> dict[str, Any]:
    """As a template has it."""
    return {"Type": type_, "Properties": properties}


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """A policy."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def host_stack(
    user_data: str = "first",
    *,
    timeout: str = "PT20S",
    statements: list[dict[str, Any]] | None = None,
    instance_type: str = "t4g.small",
    in_place: bool = False,
    key_name: str = "",
) -> dict[str, Any]:
    """One host in a group; statements are what its role may do besides signalling. Other user data is another launch
    template, as in the product, or with ``in_place`` another version of the same."""
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}
    may_signal = allow("cloudformation:SignalResource", {"Ref": "AWS::StackId"})
    launch = {
        "ImageId": ARM_IMAGE,
        "InstanceType": instance_type,
        "IamInstanceProfile": {"Arn": {"Fn::GetAtt": ["Profile", "Arn"]}},
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        "SecurityGroupIds": [{"Fn::GetAtt": ["Ports", "GroupId"]}],
        "UserData": {"Fn::Base64": user_data},
    }
    if key_name:
        launch["KeyName"] = key_name
    template = "Template" if in_place else f"Template{user_data.title()}"
    version = {"LaunchTemplateId": {"Ref": template}, "Version": {"Fn::GetAtt": [template, "LatestVersionNumber"]}}
    hosts = resource(
        "AWS::AutoScaling::AutoScalingGroup",
        MinSize="1",
        MaxSize="2",
        LaunchTemplate=version,
        VPCZoneIdentifier=[{"Ref": "SubnetA"}, {"Ref": "SubnetB"}],
        Tags=[{"Key": "team", "Value": "registry", "PropagateAtLaunch": True}],
    )
    rolling = {
        "MinInstancesInService": 1,
        "MaxBatchSize": 1,
        "PauseTime": timeout,
        "SuspendProcesses": ["HealthCheck", "ReplaceUnhealthy"],
        "WaitOnResourceSignals": True,
    }
    policies = {
        "CreationPolicy": {"ResourceSignal": {"Count": 1, "Timeout": timeout}},
        "UpdatePolicy": {"AutoScalingRollingUpdate": rolling},
    }
    return {
        "Resources": {
            "Network": resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16"),
            "SubnetA": _subnet("10.0.0.0/17", 0),
            "SubnetB": _subnet("10.0.128.0/17", 1),
            "Ports": resource(
                "AWS::EC2::SecurityGroup",
                GroupDescription="HTTPS",
                VpcId={"Ref": "Network"},
                SecurityGroupIngress=[https],
            ),
            "Role": role("ec2.amazonaws.com", may_signal, *(statements or [])),
            "Profile": resource("AWS::IAM::InstanceProfile", Roles=[{"Ref": "Role"}]),
            template: resource("AWS::EC2::LaunchTemplate", LaunchTemplateData=launch),
            "Hosts": {**hosts, **policies},
        }
    }


def _subnet(cidr: str, zone: int) -> dict[str, Any]:
    zones = {"Fn::Select": [zone, {"Fn::GetAZs": ""}]}
    return resource(
        "AWS::EC2::Subnet", VpcId={"Ref": "Network"}, CidrBlock=cidr, AvailabilityZone=zones, MapPublicIpOnLaunch=True
    )


@contextmanager
def running_account() -> Iterator[Account]:
    cloud = Cloud(port=0)
    try:
        yield Account(cloud)
    finally:
        cloud.stop()


def attributes(message: dict[str, Any]) -> dict[str, str]:
    """A message's attributes, each a string."""
    return {name: each["StringValue"] for name, each in message["MessageAttributes"].items()}


def follow(account: Account, link: str) -> int:
    """Follow a link in a mail, without a key; returns the HTTP status."""
    parts = urlsplit(link)
    answer = requests.get(f"{account.cloud.endpoint_url}/?{parts.query}", headers={"Host": parts.netloc}, timeout=5)
    return answer.status_code


def confirm(account: Account, letters: Sequence[Letter]) -> None:
    """Confirm every subscription, by the links in these letters."""
    for letter in letters:
        if letter.link:
            assert follow(account, letter.link) == 200
