"""The machine that serves, and how it is replaced."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.conftest import PROJECT, Assembly, Synthesise, Template, readable

USER_DATA_LIMIT_BYTES = 16 * 1024
# The longest a bucket's name gets, which is longer than anything else CloudFormation fills in.
LONGEST_NAME_BYTES = 63


def launch(template: Template) -> dict[str, Any]:
    data: dict[str, Any] = template.properties("AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    return data


def user_data(template: Template) -> str:
    return readable(launch(template)["UserData"])


def cloud_config(template: Template) -> dict[str, Any]:
    first_line, _, document = user_data(template).partition("\n")
    assert first_line == "#cloud-config"
    config: dict[str, Any] = json.loads(document)
    return config


def host_env(template: Template) -> dict[str, str]:
    content = cloud_config(template)["write_files"][0]["content"]
    return dict(line.split("=", 1) for line in content.splitlines())


def ingress(template: Template) -> list[tuple[str, str, int, int]]:
    rules = template.properties("AWS::EC2::SecurityGroup")["SecurityGroupIngress"]
    return [(rule["CidrIp"], rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in rules]


def test_only_http_and_https_are_open(assembly: Assembly) -> None:
    assert ingress(assembly.host) == [("0.0.0.0/0", "tcp", 80, 80), ("0.0.0.0/0", "tcp", 443, 443)]
    assert assembly.host.of_type("AWS::EC2::SecurityGroupIngress") == {}


def test_ssh_is_open_to_the_given_range_only(synthesise: Synthesise) -> None:
    host = synthesise(ssh_cidr="203.0.113.0/24").host
    assert ingress(host)[2:] == [("203.0.113.0/24", "tcp", 22, 22)]


def test_the_metadata_service_answers_this_machine_with_a_token_only(assembly: Assembly) -> None:
    assert launch(assembly.host)["MetadataOptions"] == {
        "HttpEndpoint": "enabled",
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 1,
        "InstanceMetadataTags": "disabled",
    }


def test_the_only_disk_is_encrypted_and_goes_with_the_host(assembly: Assembly) -> None:
    assert launch(assembly.host)["BlockDeviceMappings"] == [
        {
            "DeviceName": "/dev/sda1",
            "Ebs": {"DeleteOnTermination": True, "Encrypted": True, "VolumeSize": 16, "VolumeType": "gp3"},
        }
    ]


def test_a_host_has_no_key_pair_and_the_group_alone_decides_where_it_is(assembly: Assembly) -> None:
    assert set(launch(assembly.host)) == {
        "BlockDeviceMappings",
        "IamInstanceProfile",
        "ImageId",
        "InstanceType",
        "MetadataOptions",
        "SecurityGroupIds",
        "TagSpecifications",
        "UserData",
    }


def test_a_host_starts_as_arm64_from_canonicals_newest_image(assembly: Assembly) -> None:
    assert launch(assembly.host)["InstanceType"] == "t4g.small"
    assert launch(assembly.host)["ImageId"] == (
        "resolve:ssm:/aws/service/canonical/ubuntu/server/26.04/stable/current/arm64/hvm/ebs-gp3/ami-id"
    )


def test_an_x86_64_instance_type_brings_an_x86_64_image(synthesise: Synthesise) -> None:
    host = synthesise(instance_type="t3.small").host
    assert launch(host)["InstanceType"] == "t3.small"
    assert "/current/amd64/" in launch(host)["ImageId"]


def test_a_given_ami_parameter_is_used_as_it_is(synthesise: Synthesise) -> None:
    assert (
        launch(synthesise(host_ami_parameter="/golden/ubuntu").host)["ImageId"]
        == "resolve:ssm:/golden/ubuntu"
    )


def test_the_user_data_is_three_files_of_which_one_runs(assembly: Assembly) -> None:
    config = cloud_config(assembly.host)
    assert [(file["path"], file["permissions"]) for file in config["write_files"]] == [
        ("/etc/registry/host.env", "0644"),
        ("/opt/registry/bootstrap", "0755"),
        ("/opt/registry/tools/aws-api", "0755"),
    ]
    assert config["write_files"][1]["content"] == (PROJECT / "userdata" / "bootstrap").read_text()
    assert config["write_files"][2]["content"] == (PROJECT / "userdata" / "tools" / "aws-api").read_text()
    assert config["runcmd"] == [["/opt/registry/bootstrap"]]
    assert set(config) == {"write_files", "runcmd"}


def test_the_host_knows_its_settings_and_no_secret(assembly: Assembly) -> None:
    seen = host_env(assembly.host)
    asset_key = seen.pop("ASSET_KEY")
    assert asset_key.endswith(".zip")
    assert seen == {
        "DOMAIN_NAME": "registry.example.com",
        "AWS_REGION": "<AWS::Region>",
        "STACK_NAME": "registry-host",
        "GROUP_LOGICAL_ID": "Hosts",
        "IMAGE_BUCKET": "<registry-storage:ExportsOutputRefImages2D38C3131DF9B1C4>",
        "STATE_BUCKET": "<registry-storage:ExportsOutputRefState1C20CC9AB4E57B9B>",
        "HOST_LOG_GROUP": "<registry-storage:ExportsOutputRefHostLogGroup7B408FE5B0152AF9>",
        "ADDRESS": "<registry-dns:ExportsOutputRefAddress7D68BFAA>",
        "ADDRESS_ALLOCATION_ID": "<registry-dns:ExportsOutputFnGetAttAddressAllocationId6F69984F>",
        "PARAMETER_PATH": "/registry/registry.example.com",
        "ACME_DIRECTORY": "https://acme-v02.api.letsencrypt.org/directory",
        "ACME_EMAIL": "you@example.com",
        "DNS_MANAGED": "false",
        "REGISTRY_IMAGE": "public.ecr.aws/docker/library/registry:3.1.2",
        "ASSET_BUCKET": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}",
    }


def test_the_host_is_told_whether_this_deployment_keeps_its_dns(synthesise: Synthesise) -> None:
    assert host_env(synthesise(hosted_zone="example.com").host)["DNS_MANAGED"] == "true"


def test_settings_reach_the_host(synthesise: Synthesise) -> None:
    seen = host_env(
        synthesise(acme_directory="staging", acme_email="tls@example.com", registry_image="registry:3").host
    )
    assert seen["ACME_DIRECTORY"] == "https://acme-staging-v02.api.letsencrypt.org/directory"
    assert seen["ACME_EMAIL"] == "tls@example.com"
    assert seen["REGISTRY_IMAGE"] == "registry:3"


def test_the_user_data_fits_whatever_cloudformation_fills_in(synthesise: Synthesise) -> None:
    longest_name = ".".join(["a" * 63, "b" * 63, "c" * 63, "example.com"])
    parts = launch(synthesise(domain_name=longest_name).host)["UserData"]["Fn::Base64"]["Fn::Join"][1]
    size = sum(len(part.encode()) if isinstance(part, str) else LONGEST_NAME_BYTES for part in parts)
    assert size <= USER_DATA_LIMIT_BYTES


def test_no_template_mentions_a_secret(assembly: Assembly) -> None:
    for template in assembly.templates:
        text = template.path.read_text()
        assert not [
            word for word in ("{{resolve:", "SecretsManager", "NoEcho", "AKIA", "BEGIN ") if word in text
        ]


def test_the_group_keeps_one_host_and_has_room_for_its_successor(assembly: Assembly) -> None:
    group = assembly.host.properties("AWS::AutoScaling::AutoScalingGroup")
    assert (group["MinSize"], group["MaxSize"]) == ("1", "2")
    assert "DesiredCapacity" not in group
    assert group["HealthCheckType"] == "EC2"
    assert len(group["VPCZoneIdentifier"]) == 2
    assert group["LaunchTemplate"]["Version"] == {"Fn::GetAtt": ["Template576A9730", "LatestVersionNumber"]}


def test_the_deployment_waits_for_the_hosts_own_signal(assembly: Assembly) -> None:
    ((name, group),) = assembly.host.of_type("AWS::AutoScaling::AutoScalingGroup").items()
    assert name == host_env(assembly.host)["GROUP_LOGICAL_ID"]
    assert group["CreationPolicy"] == {"ResourceSignal": {"Count": 1, "Timeout": "PT20M"}}


def test_the_new_host_has_signalled_before_the_old_one_goes(assembly: Assembly) -> None:
    (group,) = assembly.host.of_type("AWS::AutoScaling::AutoScalingGroup").values()
    update = group["UpdatePolicy"]["AutoScalingRollingUpdate"]
    assert (update["MinInstancesInService"], update["MaxBatchSize"]) == (1, 1)
    assert (update["WaitOnResourceSignals"], update["PauseTime"]) == (True, "PT20M")
    # Any of these could start or end a host in the middle of the exchange.
    assert {"HealthCheck", "ReplaceUnhealthy", "AZRebalance", "AlarmNotification", "ScheduledActions"} <= set(
        update["SuspendProcesses"]
    )
    assert not {"Launch", "Terminate"} & set(update["SuspendProcesses"])


def test_a_host_starts_only_when_its_way_out_and_its_role_are_there(assembly: Assembly) -> None:
    (group,) = assembly.host.of_type("AWS::AutoScaling::AutoScalingGroup").values()
    for kind in (
        "AWS::EC2::Route",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPCEndpoint",
        "AWS::EC2::VPCGatewayAttachment",
    ):
        assert set(assembly.host.of_type(kind)) <= set(group["DependsOn"])
    # The role carries its policy itself, so it cannot be there without.
    assert assembly.host.of_type("AWS::IAM::Policy") == {}


def test_hosts_carry_the_tag_by_which_they_are_found(assembly: Assembly) -> None:
    tags = assembly.host.properties("AWS::AutoScaling::AutoScalingGroup")["Tags"]
    assert {"Key": "registry:domain", "Value": "registry.example.com", "PropagateAtLaunch": True} in tags
    assert {"Key": "Name", "Value": "registry.example.com", "PropagateAtLaunch": True} in tags


@pytest.mark.parametrize(
    "changed",
    [
        {"registry_image": "public.ecr.aws/docker/library/registry:3.1.3"},
        {"acme_directory": "staging"},
        {"acme_email": "tls@example.com"},
        {"instance_type": "t4g.medium"},
        {"hosted_zone": "example.com"},
    ],
)
def test_a_changed_setting_rolls_the_host(
    synthesise: Synthesise, assembly: Assembly, changed: dict[str, str]
) -> None:
    assert launch(synthesise(**changed).host) != launch(assembly.host)


def test_a_changed_script_rolls_the_host(
    synthesise: Synthesise, assembly: Assembly, changed_userdata: Path
) -> None:
    changed = synthesise(userdata=changed_userdata).host
    assert host_env(changed)["ASSET_KEY"] != host_env(assembly.host)["ASSET_KEY"]


@pytest.mark.parametrize(
    "changed",
    [{"alert_email": "you@example.com"}, {"renewal_schedule": "rate(1 day)"}, {"remove_data": True}],
)
def test_what_does_not_concern_the_host_leaves_it_alone(
    synthesise: Synthesise, assembly: Assembly, changed: dict[str, str | bool]
) -> None:
    assert synthesise(**changed).host.body == assembly.host.body


def test_images_reach_s3_without_leaving_the_network_and_nothing_costs_by_the_hour(
    assembly: Assembly,
) -> None:
    assert assembly.host.properties("AWS::EC2::VPCEndpoint")["VpcEndpointType"] == "Gateway"
    assert len(assembly.host.properties("AWS::EC2::VPCEndpoint")["RouteTableIds"]) == 2
    assert assembly.host.of_type("AWS::EC2::NatGateway") == {}
    assert assembly.host.of_type("AWS::EC2::EIP") == {}
    assert all(
        subnet["Properties"]["MapPublicIpOnLaunch"]
        for subnet in assembly.host.of_type("AWS::EC2::Subnet").values()
    )


def test_the_outputs_are_the_lines_to_paste(assembly: Assembly) -> None:
    assert assembly.host.output("RegistryUrl") == "https://registry.example.com"
    assert assembly.host.output("FirstLogin") == (
        "aws ssm get-parameter --with-decryption --name /registry/registry.example.com/users/push/admin"
        " --query Parameter.Value --output text --region <AWS::Region>"
    )
    assert assembly.host.output("DockerLogin") == (
        f"{assembly.host.output('FirstLogin')}"
        " | docker login --username admin --password-stdin registry.example.com"
    )
