"""All templates together: valid, without physical names, and the same every time."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_ec2 as ec2

from stacks.regions import RegionError, check_region
from tests.support.assembly import EVERYTHING_ELSE, PROJECT, STACKS, Assembly, Synthesise, empty_app, registry_app
from tests.support.settings import NEEDED

NAMED = ("Alarm", "AutoScalingGroup", "Bucket", "Dashboard", "Group", "LogGroup", "Queue", "Role", "Topic")
NUMBER = Acknowledgment(
    id="CloudFormation-Validate::W9003",
    reason="The CDK's own LifecycleRule writes objectSizeGreaterThan as a number, and CloudFormation takes it.",
)
JOINED_ZONES = Acknowledgment(
    id="CloudFormation-Validate::E1022",
    reason="CloudFormation joins Fn::GetAZs: "
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-join.html",
)
PHYSICAL_NAMES = {f"{kind}Name" for kind in (*NAMED, "InstanceProfile", "LaunchTemplate")}


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


@pytest.mark.parametrize("settings", [{}, EVERYTHING_ELSE], ids=["defaults", "everything else"])
def test_the_cdks_own_validator_finds_nothing(tmp_path: Path, settings: dict[str, str | bool]) -> None:
    app = registry_app(tmp_path, settings, validate=True)
    Validations.of(app).acknowledge(JOINED_ZONES, NUMBER)
    app.synth()
    (report,) = json.loads((tmp_path / "validation-report.json").read_text())["pluginReports"]
    assert report["violations"] == []
    # An acknowledgement without a finding would be one too many.
    assert {each["acknowledgedId"] for each in report["suppressedViolations"]} == {JOINED_ZONES.id, NUMBER.id}


def test_the_cdks_own_validator_finds_a_fault(tmp_path: Path) -> None:
    app = empty_app(tmp_path, validate=True)
    ec2.CfnSecurityGroup(Stack(app, "faulty"), "Group", group_description="an apostrophe's not allowed")
    with pytest.raises(RuntimeError, match="GroupDescription"):
        app.synth()


def test_no_resource_has_a_physical_name(assembly: Assembly) -> None:
    for template in assembly.templates:
        for name, resource in template.body["Resources"].items():
            assert (name, PHYSICAL_NAMES & set(keys(resource.get("Properties")))) == (name, set())


def test_no_template_mentions_a_secret(assembly: Assembly) -> None:
    for template in assembly.templates:
        text = template.path.read_text()
        assert not [word for word in ("{{resolve:", "SecretsManager", "NoEcho", "AKIA", "BEGIN ") if word in text]


def test_two_registries_fit_into_one_account(synthesise: Synthesise, assembly: Assembly) -> None:
    second = synthesise(name_prefix="team-b", domain_name="team-b.example.com")
    of_the_first = (*(f"registry-{stack}" for stack in STACKS), "registry.example.com")
    for mine, other in zip(assembly.templates, second.templates, strict=True):
        assert not mine.exports() & other.exports()
        assert not [name for name in of_the_first if name in other.path.read_text()]


def test_the_same_settings_give_the_same_templates(synthesise: Synthesise, assembly: Assembly) -> None:
    again = synthesise(name_prefix="registry")
    assert again.folder != assembly.folder
    assert [template.body for template in again.templates] == [template.body for template in assembly.templates]


def test_a_deployment_looks_nothing_up_and_runs_no_function(assembly: Assembly) -> None:
    assert assembly.manifest.get("missing", []) == []
    for template in assembly.templates:
        kinds = {resource["Type"] for resource in template.body["Resources"].values()}
        assert not {kind for kind in kinds if kind.startswith(("Custom::", "AWS::CloudFormation::"))}
    functions = assembly.operations.of_type("AWS::Lambda::Function")
    handlers = {f"lambdas.{name}.handler" for name in ("check_health", "renew_certificate")}
    assert {each["Properties"]["Handler"] for each in functions.values()} == handlers


def run_app(output: Path, context: Mapping[str, str], **environment: str) -> subprocess.CompletedProcess[str]:
    """As the CDK's command line does."""
    given = {**os.environ, **environment, "CDK_OUTDIR": str(output), "CDK_CONTEXT_JSON": json.dumps(context)}
    app = [sys.executable, "app.py"]
    return subprocess.run(app, cwd=PROJECT, env=given, capture_output=True, text=True, check=False)  # noqa: S603


def test_wrong_settings_end_the_app_with_a_message_and_no_template(tmp_path: Path) -> None:
    done = run_app(tmp_path, {"domain_name": "registry", "remove_data": "yes"})
    assert done.returncode == 1
    assert "domain_name: 'registry' is not a full domain name; expected e.g. registry.example.com\n" in done.stderr
    assert "alert_email: missing; expected e.g. you@example.com\n" in done.stderr
    assert "remove_data: 'yes' is neither true nor false; expected true or false\n" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("*.template.json"))


@pytest.mark.parametrize(
    ("region", "domain"),
    [("cn-north-1", "amazonaws.com.cn"), ("eusc-de-east-1", "amazonaws.eu"), ("us-iso-east-1", "c2s.ic.gov")],
)
def test_a_region_whose_aws_names_end_otherwise_is_refused_by_name(region: str, domain: str) -> None:
    with pytest.raises(RegionError, match=f"in '{region}' AWS's names end with {domain}, "):
        check_region(region)


@pytest.mark.parametrize("region", ["us-east-1", "us-gov-west-1", "xx-central-9", ""])
def test_other_regions_are_accepted(region: str) -> None:
    check_region(region)


def test_the_app_refuses_china_before_it_writes_a_template(tmp_path: Path) -> None:
    done = run_app(tmp_path, NEEDED, CDK_DEFAULT_REGION="cn-north-1")
    assert done.returncode == 1
    assert "region: in 'cn-north-1' AWS's names end with amazonaws.com.cn" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("*.template.json"))


def test_no_template_names_a_partition(assembly: Assembly) -> None:
    """GovCloud's is another one."""
    assert not [template.path.name for template in assembly.templates if "arn:aws:" in template.path.read_text()]
