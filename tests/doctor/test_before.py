"""Each line that the doctor prints before a deployment is made wrong once, in an emulated AWS."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.ec2.models.instance_types import InstanceTypeOfferingBackend

from doctor.finding import Outcome
from rehearsal.cloud.servicequotas.quotas import ADDRESSES, GATEWAYS, VPCS
from tests.support.cloud_account import REGION, document, resource
from tests.support.doctor_account import DOMAIN, ZONE, Patient

OK, WARNING, FAILURE, UNKNOWN = Outcome.OK, Outcome.WARNING, Outcome.FAILURE, Outcome.UNKNOWN
# Of the hosts.
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
ROLE = f"cdk-hnb659fds-cfn-exec-role-123456789012-{REGION}"


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something broken, and the line that must say so; ``seen`` and ``cure`` are parts of its text."""

    title: str
    harm: Callable[[Patient], object]
    subject: str
    outcome: Outcome
    seen: str
    cure: str = ""


def put_record(patient: Patient, kind: str, value: str) -> None:
    record = {"Name": DOMAIN, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    patient.account.client("route53").change_resource_record_sets(HostedZoneId=patient.zone_id, ChangeBatch=batch)


def act_as(patient: Patient, *statements: dict[str, Any]) -> None:
    """From now on the doctor's user has these rights alone."""
    keys = patient.account.client_of_user("sts", *statements)._request_signer._credentials
    patient.credentials = {"aws_access_key_id": keys.access_key, "aws_secret_access_key": keys.secret_key}


def may_all_but(patient: Patient, action: str) -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    act_as(patient, everything, {"Effect": "Deny", "Action": action, "Resource": "*"})


def make_stack(patient: Patient, name: str, description: str) -> None:
    template = {"Description": description, "Resources": {"Topic": resource("AWS::SNS::Topic")}}
    assert patient.account.create(name, template) == "CREATE_COMPLETE"


def fail_stack(patient: Patient) -> None:
    broken = resource("AWS::EC2::Route", RouteTableId="none", DestinationCidrBlock="0.0.0.0/0", GatewayId="none")
    template = {"Description": f"Private Docker registry: the host of {DOMAIN}", "Resources": {"Route": broken}}
    assert patient.account.create("registry-host", template) == "ROLLBACK_COMPLETE"


def set_ami(patient: Patient, value: str) -> None:
    patient.account.client("ssm").put_parameter(Name="/my/ami", Value=value, Type="String")
    patient.changed_settings["host_ami_parameter"] = "/my/ami"


def foreign_image(patient: Patient) -> None:
    name = "/aws/service/canonical/ubuntu/server/26.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
    set_ami(patient, patient.account.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def issue(patient: Patient, count: int, *, name: str = DOMAIN) -> None:
    day = datetime.now(UTC) - timedelta(days=2)
    patient.web.certificates += [
        {
            "serial_number": f"{name}{number}",
            "name_value": name,
            "issuer_name": "C=US, O=Let's Encrypt, CN=E7",
            "not_before": day.strftime("%Y-%m-%dT%H:%M:%S"),
        }
        # Each is in the logs twice.
        for number in (*range(count), *range(count))
    ]


def fill(patient: Patient, quota: tuple[str, str], used: int) -> None:
    patient.account.cloud.engines.quotas.changed[quota] = used


def names(patient: Patient, kind: str, *records: str, name: str = DOMAIN) -> None:
    patient.names[(name, kind)] = records


def second_zone(patient: Patient) -> None:
    patient.account.cloud.create_hosted_zone(ZONE)


def private_zone(patient: Patient) -> None:
    patient.account.client("route53").delete_hosted_zone(Id=patient.zone_id)
    vpc = patient.account.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    patient.account.client("route53").create_hosted_zone(
        Name=f"{ZONE}.",
        CallerReference="private",
        VPC={"VPCRegion": REGION, "VPCId": vpc},
        HostedZoneConfig={"PrivateZone": True},
    )


def old_bootstrap(patient: Patient) -> None:
    name = "/cdk-bootstrap/hnb659fds/version"
    patient.account.client("ssm").put_parameter(Name=name, Value="5", Type="String", Overwrite=True)


def weaken_role(patient: Patient) -> None:
    iam = patient.account.client("iam")
    iam.detach_role_policy(RoleName=ROLE, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    statements = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    statements += [{"Effect": "Deny", "Action": "kms:CreateKey", "Resource": "*"}]
    iam.put_role_policy(RoleName=ROLE, PolicyName="rights", PolicyDocument=json.dumps(document(*statements)))


def take_away_type(patient: Patient, *zones: str) -> None:
    @patient.account.cloud.patches.wrap(InstanceTypeOfferingBackend, because="not every zone has every type")
    def describe_instance_type_offerings(original: Any, *args: Any, **kwargs: Any) -> list[Any]:
        return [each for each in original(*args, **kwargs) if each["Location"] not in zones]


def delete_role(patient: Patient) -> None:
    iam = patient.account.client("iam")
    iam.detach_role_policy(RoleName=ROLE, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    iam.delete_role(RoleName=ROLE)


def use_key(patient: Patient, key_id: str) -> None:
    patient.credentials = {"aws_access_key_id": key_id, "aws_secret_access_key": "wrong"}


def add_user(patient: Patient) -> None:
    name = f"/registry/{DOMAIN}/users/push/anna"
    patient.account.client("ssm").put_parameter(Name=name, Value="secret", Type="SecureString")


def delete_bootstrap(patient: Patient) -> None:
    patient.account.client("ssm").delete_parameter(Name="/cdk-bootstrap/hnb659fds/version")


def open_buckets(patient: Patient) -> None:
    patient.client("s3control").delete_public_access_block(AccountId="123456789012")


def point_elsewhere(patient: Patient) -> None:
    setting(patient, "hosted_zone", "")
    names(patient, "A", "192.0.2.1")


def setting(patient: Patient, name: str, value: object) -> None:
    patient.changed_settings[name] = value


WRONG = (
    Wrong("a wrong secret", lambda p: use_key(p, p.account.cloud.administrator.id), "credentials", FAILURE,
          "secret access key is wrong", "aws configure"),
    Wrong("an unknown key", lambda p: use_key(p, "AKIA0"), "credentials", FAILURE,
          "does not know this access key", "aws configure"),
    Wrong("no bootstrap", delete_bootstrap, "CDK bootstrap", FAILURE, "none", "npx cdk bootstrap aws://123456789012/"),
    Wrong("an old bootstrap", old_bootstrap, "CDK bootstrap", FAILURE, "version 5", "npx cdk bootstrap"),
    Wrong("the role is weak", weaken_role, "deployment role", FAILURE, "may not make kms:CreateKey", ROLE),
    Wrong("an SCP forbids what CloudFormation does", lambda p: p.account.cloud.forbid(["lambda:*"]), "deployment role",
          FAILURE, "lambda:CreateFunction", "An organization's policy denies lambda:CreateFunction"),
    Wrong("no role", delete_role, "deployment role", UNKNOWN, "no such role before `cdk bootstrap`"),
    Wrong("an SCP forbids instances", lambda p: p.account.cloud.forbid(["ec2:RunInstances"]), "EC2 dry runs", FAILURE,
          "policy denies ec2:RunInstances", "organization"),
    Wrong("the user may not run instances", lambda p: may_all_but(p, "ec2:RunInstances"), "EC2 dry runs", UNKNOWN,
          "permission ec2:RunInstances is missing"),
    Wrong("every VPC is used", lambda p: fill(p, VPCS, 1), "VPCs", FAILURE, "1 of 1 in use", "--quota-code L-F678F1CE"),
    Wrong("every gateway is used", lambda p: fill(p, GATEWAYS, 0), "internet gateways", FAILURE, "0 of 0 in use",
          "--quota-code L-A4707A72"),
    Wrong("every address is used", lambda p: fill(p, ADDRESSES, 0), "Elastic IPs", FAILURE, "0 of 0 in use",
          "--quota-code L-0263D0A3"),
    Wrong("the prefix is another registry's", lambda p: make_stack(p, "registry-dns",
          "Private Docker registry: address of other.example.com"), "stack names", FAILURE,
          "registry-dns is the registry other.example.com", "another name_prefix"),
    Wrong("the prefix is another program's", lambda p: make_stack(p, "registry-host", "A shop"), "stack names", FAILURE,
          "registry-host is not a registry's", "another name_prefix"),
    Wrong("the domain has a registry", lambda p: make_stack(p, "team-dns",
          f"Private Docker registry: address of {DOMAIN}"), "stack names", FAILURE,
          f"team-dns is already the registry {DOMAIN}", "set name_prefix to team"),
    Wrong("an earlier registry's storage", lambda p: make_stack(p, "registry-storage",
          "Private Docker registry: images"), "stack names", WARNING, "of an earlier registry", "used again"),
    Wrong("a stack that failed", fail_stack, "stacks", WARNING, "registry-host ROLLBACK_COMPLETE", "rolled back"),
    Wrong("an earlier registry's users", add_user, "users of the domain", WARNING, "push/anna", "can log in"),
    Wrong("the account's lock is open", open_buckets, "S3 Block Public Access", WARNING, "off: BlockPublicAcls",
          "put-public-access-block"),
    Wrong("no zone of the hosts has the type", lambda p: take_away_type(p, *ZONES),
          "instance type", FAILURE, "t4g.small in us-east-1d, us-east-1f", "Set instance_type"),
    Wrong("one zone lacks the type", lambda p: take_away_type(p, "us-east-1b"), "instance type", WARNING,
          "t4g.small not in us-east-1b", "Hosts start in us-east-1a, us-east-1c alone"),
    Wrong("no such parameter", lambda p: setting(p, "host_ami_parameter", "/my/none"), "machine image", FAILURE,
          "no parameter /my/none", "host_ami_parameter"),
    Wrong("no such image", lambda p: set_ami(p, "ami-0123456789abcdef0"), "machine image", FAILURE,
          "no image that this account can use", "host_ami_parameter"),
    Wrong("an image of another architecture", foreign_image, "machine image", FAILURE, "is for x86_64",
          "host_ami_parameter"),
    Wrong("no such registry image", lambda p: setting(p, "registry_image",
          "public.ecr.aws/docker/library/registry:3.9"), "registry image", FAILURE, "no such image", "registry_image"),
    Wrong("an image of one architecture", lambda p: setattr(p.web, "image", {"manifests": [
          {"platform": {"os": "linux", "architecture": "amd64"}}]}), "registry image", FAILURE, "for amd64",
          "instance_type"),
    Wrong("too many pulls", lambda p: setattr(p.web, "image_status", 429), "registry image", WARNING, "too many",
          "again"),
    Wrong("no way to the image", lambda p: setting(p, "registry_image", "images.example.com/registry:3.1.2"),
          "registry image", UNKNOWN, "images.example.com does not answer"),
    Wrong("no zone", lambda p: p.account.client("route53").delete_hosted_zone(Id=p.zone_id), "hosted zone", FAILURE,
          "no zone example.com in this account", "Create it in Route 53"),
    Wrong("no zone of this id", lambda p: setting(p, "hosted_zone", "Z0123456789ABC"), "hosted zone", FAILURE,
          "no zone Z0123456789ABC", "correct hosted_zone"),
    Wrong("two zones of a name", second_zone, "hosted zone", FAILURE, "2 zones have this name", "id of the public one"),
    Wrong("a private zone", private_zone, "hosted zone", FAILURE, "is private", "public zone"),
    Wrong("no delegation", lambda p: names(p, "NS", name=ZONE), "delegation", FAILURE, "no name server for example.com",
          "at the registrar"),
    Wrong("another provider's name servers", lambda p: names(p, "NS", "ns1.example.net", name=ZONE), "delegation",
          FAILURE, "ns1.example.net", "at the registrar"),
    Wrong("some of another provider's", lambda p: names(p, "NS", "ns1.example.net", *p.names[(ZONE, "NS")], name=ZONE),
          "delegation", WARNING, "ns1.example.net", "Some questions"),
    Wrong("DNS is silent", lambda p: names(p, "SILENT", name=ZONE), "hosted zone", UNKNOWN, "DNS does not answer"),
    Wrong("an A record in the zone", lambda p: put_record(p, "A", "192.0.2.1"), "records of the name", FAILURE,
          "A in the hosted zone", f"Delete the A record of {DOMAIN}"),
    Wrong("a CNAME record in the zone", lambda p: put_record(p, "CNAME", "www.example.com"), "records of the name",
          FAILURE, "CNAME in the hosted zone", "Delete the CNAME record"),
    Wrong("an AAAA record", lambda p: names(p, "AAAA", "2001:db8::1"), "records of the name", FAILURE,
          "AAAA 2001:db8::1", "Delete the AAAA record"),
    Wrong("an A record elsewhere", point_elsewhere,
          "records of the name", WARNING, "A 192.0.2.1", "leads elsewhere"),
    Wrong("another authority's CAA", lambda p: names(p, "CAA", '0 issue "digicert.com"', name=ZONE), "CAA records",
          FAILURE, "example.com allows digicert.com", 'CAA 0 issue "letsencrypt.org"'),
    Wrong("five certificates this week", lambda p: issue(p, 5), "certificates of the last week", FAILURE,
          "5 of this name", "issues the next on"),
    Wrong("four certificates this week", lambda p: issue(p, 4), "certificates of the last week", WARNING,
          "4 of this name", "staging"),
    Wrong("fifty of the domain", lambda p: issue(p, 50, name="www.example.com"), "certificates of the last week",
          FAILURE, "50 below example.com", "another domain"),
    Wrong("no logs", lambda p: setattr(p.web, "logs_answer", False), "certificates of the last week", UNKNOWN,
          "skipped: crt.sh does not answer"),
)  # fmt: skip


def test_nothing_stands_in_the_way_of_a_deployment_that_would_succeed(patient: Patient) -> None:
    found = patient.findings()
    assert {finding.subject for finding in found.values() if finding.outcome != OK} == set()
    assert {each.subject for each in WRONG} <= {*found, "stacks"}


@pytest.mark.parametrize("wrong", WRONG, ids=[each.title for each in WRONG])
def test_a_line_says_what_is_wrong_and_how_to_mend_it(patient: Patient, wrong: Wrong) -> None:
    wrong.harm(patient)
    found = patient.findings()[wrong.subject]
    assert (found.outcome, wrong.seen in found.seen, wrong.cure in found.cure) == (wrong.outcome, True, True), found
    assert bool(found.cure) == (wrong.outcome in (WARNING, FAILURE)), found


@pytest.mark.parametrize(
    ("permission", "subject"),
    [
        ("ssm:GetParameter", "CDK bootstrap"),
        ("iam:SimulatePrincipalPolicy", "deployment role"),
        ("servicequotas:GetServiceQuota", "quotas"),
        ("ec2:DescribeAddresses", "quotas"),
        ("cloudformation:DescribeStacks", "stack names"),
        ("ssm:GetParametersByPath", "users of the domain"),
        ("s3:GetAccountPublicAccessBlock", "S3 Block Public Access"),
        ("ec2:DescribeInstanceTypeOfferings", "instance type"),
        ("ec2:DescribeImages", "machine image"),
        ("route53:ListHostedZonesByName", "hosted zone"),
        ("route53:ListResourceRecordSets", "records of the name"),
    ],
)
def test_a_look_that_is_not_allowed_names_the_permission(patient: Patient, permission: str, subject: str) -> None:
    may_all_but(patient, permission)
    found = patient.findings()[subject]
    assert (found.outcome, found.seen) == (UNKNOWN, f"could not look: the permission {permission} is missing")


def test_a_quota_is_read_although_aws_refuses_the_first_question(patient: Patient) -> None:
    patient.account.cloud.engines.quotas.asked = False
    assert patient.findings()["VPCs"].outcome == OK


def test_a_dry_run_makes_nothing(patient: Patient) -> None:
    ec2 = patient.account.client("ec2")
    before = len(ec2.describe_vpcs()["Vpcs"])
    patient.findings()
    assert len(ec2.describe_vpcs()["Vpcs"]) == before
    assert ec2.describe_addresses()["Addresses"] == []
    assert ec2.describe_launch_templates()["LaunchTemplates"] == []


@pytest.mark.parametrize(
    ("quota", "make", "refusal"),
    [
        (VPCS, lambda ec2: ec2.create_vpc(CidrBlock="10.0.0.0/16"), "VpcLimitExceeded"),
        (GATEWAYS, lambda ec2: ec2.create_internet_gateway(), "InternetGatewayLimitExceeded"),
        (ADDRESSES, lambda ec2: ec2.allocate_address(Domain="vpc"), "AddressLimitExceeded"),
    ],
)
def test_the_emulated_quota_binds(
    patient: Patient, quota: tuple[str, str], make: Callable[[Any], object], refusal: str
) -> None:
    make(patient.account.client("ec2"))
    fill(patient, quota, 1)
    with pytest.raises(ClientError, match=refusal):
        make(patient.account.client("ec2"))
