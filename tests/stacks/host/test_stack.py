"""The host: its network, its launch template and its group."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.assembly import Assembly, Synthesise, Template


def launch(template: Template) -> dict[str, Any]:
    data: dict[str, Any] = template.properties("AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    return data


def template_ids(assembly: Assembly) -> set[str]:
    return set(assembly.host.of_type("AWS::EC2::LaunchTemplate"))


def ingress(template: Template) -> list[tuple[str, str, int, int]]:
    rules = template.properties("AWS::EC2::SecurityGroup")["SecurityGroupIngress"]
    return [(rule["CidrIp"], rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in rules]


def test_only_http_and_https_are_open(assembly: Assembly) -> None:
    assert ingress(assembly.host) == [("0.0.0.0/0", "tcp", 80, 80), ("0.0.0.0/0", "tcp", 443, 443)]
    assert assembly.host.of_type("AWS::EC2::SecurityGroupIngress") == {}


def test_ec2_does_not_track_the_front_doors_connections(assembly: Assembly) -> None:
    """So that a host that takes the address resets those of the host before, and clients try again at once.
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html"""
    rules = assembly.host.properties("AWS::EC2::SecurityGroup")
    assert {rule["CidrIp"] for rule in rules["SecurityGroupIngress"]} == {"0.0.0.0/0"}
    assert [(rule["CidrIp"], rule["IpProtocol"]) for rule in rules["SecurityGroupEgress"]] == [("0.0.0.0/0", "-1")]


def test_ssh_is_open_to_the_given_range_only(synthesise: Synthesise) -> None:
    host = synthesise(ssh_cidr="203.0.113.0/24", ssh_key_name="laptop").host
    assert ingress(host)[2:] == [("203.0.113.0/24", "tcp", 22, 22)]
    assert launch(host)["KeyName"] == "laptop"


def test_the_metadata_service_wants_a_token_and_answers_one_hop_away_only(assembly: Assembly) -> None:
    assert launch(assembly.host)["MetadataOptions"] == {
        "HttpEndpoint": "enabled",
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 1,
        "InstanceMetadataTags": "disabled",
    }


def test_the_only_disk_is_encrypted_and_deleted_with_the_host(assembly: Assembly) -> None:
    disk = {"DeleteOnTermination": True, "Encrypted": True, "VolumeSize": 16, "VolumeType": "gp3"}
    assert launch(assembly.host)["BlockDeviceMappings"] == [{"DeviceName": "/dev/sda1", "Ebs": disk}]


def test_the_launch_template_names_no_key_pair_and_no_subnet(assembly: Assembly) -> None:
    assert set(launch(assembly.host)) == {
        *("BlockDeviceMappings", "IamInstanceProfile", "ImageId", "InstanceType"),
        *("MetadataOptions", "SecurityGroupIds", "TagSpecifications", "UserData"),
    }


def test_a_host_starts_as_arm64_from_canonicals_newest_image(assembly: Assembly) -> None:
    assert launch(assembly.host)["InstanceType"] == "t4g.small"
    newest = "/aws/service/canonical/ubuntu/server/26.04/stable/current"
    assert launch(assembly.host)["ImageId"] == f"resolve:ssm:{newest}/arm64/hvm/ebs-gp3/ami-id"


def test_an_x86_64_instance_type_brings_an_x86_64_image(synthesise: Synthesise) -> None:
    host = synthesise(instance_type="t3.small").host
    assert launch(host)["InstanceType"] == "t3.small"
    assert "/current/amd64/" in launch(host)["ImageId"]


def test_a_given_ami_parameter_is_used_as_it_is(synthesise: Synthesise) -> None:
    assert launch(synthesise(host_ami_parameter="/golden/ubuntu").host)["ImageId"] == "resolve:ssm:/golden/ubuntu"


def test_the_group_keeps_one_host_and_has_room_for_its_successor(assembly: Assembly) -> None:
    group = assembly.host.properties("AWS::AutoScaling::AutoScalingGroup")
    assert (group["MinSize"], group["MaxSize"]) == ("1", "2")
    assert "DesiredCapacity" not in group
    assert group["HealthCheckType"] == "EBS"
    (template,) = assembly.host.of_type("AWS::EC2::LaunchTemplate")
    version = {"Fn::GetAtt": [template, "LatestVersionNumber"]}
    assert group["LaunchTemplate"] == {"LaunchTemplateId": {"Ref": template}, "Version": version}


def test_the_deployment_waits_for_the_hosts_own_signal(assembly: Assembly) -> None:
    (group,) = assembly.host.of_type("AWS::AutoScaling::AutoScalingGroup").values()
    assert group["CreationPolicy"] == {"ResourceSignal": {"Count": 1, "Timeout": "PT20M"}}


def test_the_old_host_goes_after_the_new_one_has_signalled(assembly: Assembly) -> None:
    (group,) = assembly.host.of_type("AWS::AutoScaling::AutoScalingGroup").values()
    update = group["UpdatePolicy"]["AutoScalingRollingUpdate"]
    assert (update["MinInstancesInService"], update["MaxBatchSize"]) == (1, 1)
    assert (update["WaitOnResourceSignals"], update["PauseTime"]) == (True, "PT20M")
    suspended = set(update["SuspendProcesses"])
    # Each of these could start or end a host during the exchange.
    assert {"HealthCheck", "ReplaceUnhealthy", "AZRebalance", "AlarmNotification", "ScheduledActions"} <= suspended
    assert not {"Launch", "Terminate"} & suspended


def test_a_host_starts_after_its_routes_and_its_role_exist(assembly: Assembly) -> None:
    (group,) = assembly.host.of_type("AWS::AutoScaling::AutoScalingGroup").values()
    for kind in ("Route", "SubnetRouteTableAssociation", "VPCEndpoint", "VPCGatewayAttachment"):
        assert set(assembly.host.of_type(f"AWS::EC2::{kind}")) <= set(group["DependsOn"])
    # The role holds its policy itself, so it never exists without.
    assert assembly.host.of_type("AWS::IAM::Policy") == {}


def test_hosts_have_the_registrys_tag(assembly: Assembly) -> None:
    tags = assembly.host.properties("AWS::AutoScaling::AutoScalingGroup")["Tags"]
    assert {"Key": "registry:domain", "Value": "registry.example.com", "PropagateAtLaunch": True} in tags
    assert {"Key": "Name", "Value": "registry.example.com", "PropagateAtLaunch": True} in tags


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("registry_image", "public.ecr.aws/docker/library/registry:3.1.3"),
        *(("acme_directory", "staging"), ("acme_email", "tls@example.com")),
        *(("instance_type", "t4g.medium"), ("hosted_zone", "example.com")),
    ],
)
def test_a_changed_setting_makes_another_launch_template(
    synthesise: Synthesise, assembly: Assembly, key: str, value: str
) -> None:
    assert not template_ids(synthesise(**{key: value})) & template_ids(assembly)


def test_a_changed_script_makes_another_launch_template(
    synthesise: Synthesise, assembly: Assembly, changed_userdata: Path
) -> None:
    assert not template_ids(synthesise(userdata=changed_userdata)) & template_ids(assembly)


def test_a_launch_template_has_no_name_that_a_second_one_could_not_have(assembly: Assembly) -> None:
    assert "LaunchTemplateName" not in assembly.host.properties("AWS::EC2::LaunchTemplate")


@pytest.mark.parametrize(
    ("key", "value"), [("alert_email", "you@example.com"), ("renewal_schedule", "rate(1 day)"), ("remove_data", True)]
)
def test_another_stacks_setting_rolls_no_host(synthesise: Synthesise, assembly: Assembly, key: str, value: Any) -> None:
    assert synthesise(**{key: value}).host.body == assembly.host.body


def test_images_reach_s3_by_a_free_gateway_endpoint(assembly: Assembly) -> None:
    assert assembly.host.properties("AWS::EC2::VPCEndpoint")["VpcEndpointType"] == "Gateway"
    assert assembly.host.of_type("AWS::EC2::NatGateway") == {}
    assert assembly.host.of_type("AWS::EC2::EIP") == {}


def test_the_outputs_are_lines_to_paste(assembly: Assembly) -> None:
    assert assembly.host.output("RegistryUrl") == "https://registry.example.com"
    assert assembly.host.output("FirstLogin") == (
        "aws ssm get-parameter --with-decryption --name /registry/registry.example.com/users/push/admin"
        " --query Parameter.Value --output text --region <AWS::Region>"
    )
    assert assembly.host.output("DockerLogin") == (
        f"{assembly.host.output('FirstLogin')} | docker login --username admin --password-stdin registry.example.com"
    )
