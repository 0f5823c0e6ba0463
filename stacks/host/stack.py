"""The host: an EC2 instance in an Auto Scaling group of one, replaced rather than repaired."""

from pathlib import Path
from typing import cast

from aws_cdk import Aws, CfnCreationPolicy, CfnOutput, CfnResourceSignal, DefaultStackSynthesizer, Duration, Stack, Tags
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from stacks.dns import DnsStack
from stacks.host.immutable import name_by_content
from stacks.host.network import Network, add_network
from stacks.host.role import host_statements
from stacks.host.user_data import GROUP_LOGICAL_ID, user_data
from stacks.settings.settings import Settings
from stacks.statements import HOST_TAG, service_role
from stacks.storage import StorageStack

ROOT_DISK_GIB = 16
# The root disk of Ubuntu's AMIs; another name would add a second disk.
ROOT_DEVICE = "/dev/sda1"
# From launch to the host's own push and pull, with a slow package mirror and a retried challenge.
LONGEST_START = Duration.minutes(20)


class HostStack(Stack):
    def __init__(
        self, scope: Construct, name: str, *, settings: Settings, storage: StorageStack, dns: DnsStack, userdata: Path
    ) -> None:
        """``userdata`` is the folder of the host's scripts; its ``bootstrap`` runs first."""
        super().__init__(
            scope,
            name,
            description=f"Private Docker registry: the host of {settings.domain_name}",
            synthesizer=DefaultStackSynthesizer(bucket_prefix=f"{name}/"),
        )
        network = add_network(self, int(settings.availability_zones))
        scripts = assets.Asset(self, "Userdata", path=str(userdata), exclude=["**/__pycache__"])
        statements = host_statements(self, settings=settings, scripts=scripts, storage=storage, address=dns.address)
        gp3 = ec2.EbsDeviceVolumeType.GP3
        disk = ec2.BlockDeviceVolume.ebs(ROOT_DISK_GIB, volume_type=gp3, encrypted=True, delete_on_termination=True)
        template = ec2.LaunchTemplate(
            self,
            "Template",
            machine_image=ec2.MachineImage.resolve_ssm_parameter_at_launch(settings.ami_parameter),
            instance_type=ec2.InstanceType(settings.instance_type),
            role=service_role(self, "Role", iam.ServicePrincipal("ec2.amazonaws.com"), "host", statements),
            security_group=self._ports(network.vpc, settings.ssh_cidr),
            key_pair=self._key_pair(settings.ssh_key_name),
            user_data=user_data(
                self, settings=settings, storage=storage, address=dns.address, scripts=scripts, userdata=userdata
            ),
            http_endpoint=True,
            require_imdsv2=True,
            http_put_response_hop_limit=1,
            instance_metadata_tags=False,
            block_devices=[ec2.BlockDevice(device_name=ROOT_DEVICE, volume=disk)],
        )
        name_by_content(template)
        self._group(network, template, settings.domain_name)
        self._outputs(settings)

    def _ports(self, vpc: ec2.Vpc, ssh_cidr: str) -> ec2.SecurityGroup:
        ports = ec2.SecurityGroup(self, "Ports", vpc=vpc, description="Front door of the registry")
        ports.add_ingress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(80), "ACME challenge, and redirect to HTTPS")
        ports.add_ingress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "Registry")
        if ssh_cidr:
            ports.add_ingress_rule(ec2.Peer.ipv4(ssh_cidr), ec2.Port.tcp(22), "SSH, setting ssh_cidr")
        return ports

    def _key_pair(self, name: str) -> ec2.IKeyPair | None:
        return ec2.KeyPair.from_key_pair_name(self, "SshKey", name) if name else None

    def _group(self, network: Network, template: ec2.LaunchTemplate, domain_name: str) -> None:
        """One host, and room for a second: the new one proves itself before the old one goes."""
        group = autoscaling.AutoScalingGroup(
            self,
            "Group",
            vpc=network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=network.subnets),
            launch_template=template,
            min_capacity=1,
            max_capacity=2,
            # EBS: a host whose disk is lost answers from memory for a while, and can do nothing new.
            health_checks=autoscaling.HealthChecks.with_additional_checks(
                additional_types=[autoscaling.AdditionalHealthCheckType.EBS]
            ),
            update_policy=autoscaling.UpdatePolicy.rolling_update(
                min_instances_in_service=1, max_batch_size=1, wait_on_resource_signals=True, pause_time=LONGEST_START
            ),
        )
        resource = cast(autoscaling.CfnAutoScalingGroup, group.node.default_child)
        # A fixed id, because the host's user data names it and is made first.
        resource.override_logical_id(GROUP_LOGICAL_ID)
        # Not `signals`, which adds a second policy to the role: a first host could start before it exists.
        resource.cfn_options.creation_policy = CfnCreationPolicy(
            resource_signal=CfnResourceSignal(count=1, timeout=LONGEST_START.to_iso_string())
        )
        # A route to S3 that appears later would cut a booting host's downloads.
        group.node.add_dependency(network.vpc)
        for taggable in (group, template):
            Tags.of(taggable).add("Name", domain_name)
            Tags.of(taggable).add(HOST_TAG, domain_name)

    def _outputs(self, settings: Settings) -> None:
        first_login = (
            f"aws ssm get-parameter --with-decryption --name {settings.parameter_path}/users/push/admin"
            f" --query Parameter.Value --output text --region {Aws.REGION}"
        )
        login = f"docker login --username admin --password-stdin {settings.domain_name}"
        CfnOutput(self, "RegistryUrl", value=f"https://{settings.domain_name}")
        CfnOutput(self, "FirstLogin", value=first_login, description="Shows the password of the user admin")
        CfnOutput(self, "DockerLogin", value=f"{first_login} | {login}", description="Logs docker in as the user admin")
