"""What a person may write into cdk.json, and what they are told when it cannot be."""

import json
import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from stacks.settings.settings import Settings, SettingsError

PROJECT = Path(__file__).resolve().parents[3]
NEEDED = {"domain_name": "registry.example.com", "alert_email": "you@example.com"}


def settings(**changed: object) -> Settings:
    return Settings.from_context({**NEEDED, **changed})


def errors(**changed: object) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        settings(**changed)
    return caught.value.errors


def only_error(**changed: object) -> str:
    (error,) = errors(**changed)
    return error


def test_a_domain_name_and_an_email_are_all_that_is_needed() -> None:
    assert settings() == Settings(domain_name="registry.example.com", alert_email="you@example.com")


def test_cdk_json_names_every_setting_with_its_default() -> None:
    context = json.loads((PROJECT / "cdk.json").read_text())["context"]
    written = {key: value for key, value in context.items() if not key.startswith("@")}
    assert written == {
        field.name: "" if field.default is MISSING else field.default for field in fields(Settings)
    }


def test_cdk_json_as_it_is_asks_for_the_two_settings_that_have_no_default() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_context(json.loads((PROJECT / "cdk.json").read_text())["context"])
    assert caught.value.errors == (
        "domain_name: missing; expected e.g. registry.example.com",
        "alert_email: missing; expected e.g. you@example.com",
    )


def test_everything_wrong_is_reported_together() -> None:
    seen = errors(
        domain_name="registry", alert_email="you", remove_data="yes", colour="red", ssh_cidr="0.0.0.0/0"
    )
    assert [error.partition(":")[0] for error in seen] == [
        "colour",
        "domain_name",
        "alert_email",
        "ssh_cidr",
        "remove_data",
    ]
    with pytest.raises(SettingsError, match=r"(?s)colour: .*\ndomain_name: .*\nalert_email: "):
        settings(domain_name="registry", alert_email="you", colour="red")


def test_an_error_names_the_key_the_value_and_what_is_accepted() -> None:
    assert only_error(domain_name="registry") == (
        "domain_name: 'registry' is not a full domain name; expected e.g. registry.example.com"
    )


@pytest.mark.parametrize(
    ("domain_name", "problem"),
    [
        ("", "missing"),
        (None, "missing"),
        ("registry", "is not a full domain name"),
        ("bücher.example.com", "is not ASCII; write it in its xn-- form, xn--bcher-kva.example.com"),
        ("registry.example.com.", "ends with a dot"),
        ("*.example.com", "is a wildcard"),
        (f"{'a' * 60}." * 4 + "b" * 56, "has 300 characters; a name has at most 253"),
        (f"{'a' * 64}.example.com", "has a part of 64 characters; a part has at most 63"),
        ("https://registry.example.com", "is an address, not a name"),
        ("registry.example.com/v2", "is an address, not a name"),
        ("registry.example.com:5000", "has a port"),
        ("Registry.example.com", "has capital letters, which docker refuses"),
        ("-registry.example.com", "has '-registry' in it"),
        ("reg_istry.example.com", "has 'reg_istry' in it"),
        ("registry..example.com", "has '' in it"),
        ("registry example.com", "has 'registry example' in it"),
        ("registry.example.com\n", "has 'com\\n' in it"),
        ("192.0.2.10", "is an IP address"),
        (42, "is not text"),
    ],
)
def test_a_domain_name_that_cannot_serve_is_refused(domain_name: object, problem: str) -> None:
    assert problem in only_error(domain_name=domain_name)


def test_a_long_value_is_shown_in_part() -> None:
    assert len(only_error(domain_name="a" * 5000 + ".example.com")) < 250


@pytest.mark.parametrize(
    "domain_name", ["example.com", "a.b.c.example.co.uk", "xn--bcher-kva.example", "1.example.com"]
)
def test_a_full_domain_name_is_accepted(domain_name: str) -> None:
    assert settings(domain_name=domain_name).domain_name == domain_name


@pytest.mark.parametrize("key", ["alert_email", "acme_email"])
@pytest.mark.parametrize(
    ("email", "problem"),
    [
        ("you", "has no @"),
        ("@example.com", "has '' before the @"),
        ("you@example", "has 'example' after the @"),
        ("you@", "has '' after the @"),
        ("you and me@example.com", "has 'you and me' before the @"),
        ("you$(reboot)@example.com", "before the @"),
        ("you@@example.com", "has 'you@' before the @"),
    ],
)
def test_an_email_address_nobody_could_write_to_is_refused(key: str, email: str, problem: str) -> None:
    assert problem in only_error(**{key: email})


def test_the_certificate_authority_gets_the_alert_address_unless_told_otherwise() -> None:
    assert settings().acme_contact == "you@example.com"
    assert settings(acme_email="tls@example.com").acme_contact == "tls@example.com"


@pytest.mark.parametrize("zone", ["", "example.com", "registry.example.com", "Z0123456789ABCDEFGHIJ"])
def test_a_hosted_zone_is_given_by_name_or_id_or_not_at_all(zone: str) -> None:
    assert settings(hosted_zone=zone).hosted_zone == zone


@pytest.mark.parametrize(
    ("zone", "problem"),
    [
        ("example.org", "does not hold registry.example.com; expected registry.example.com or example.com"),
        ("ample.com", "does not hold"),
        ("deeper.registry.example.com", "does not hold"),
        ("com", "is neither a zone's name nor a zone's id"),
        ("/hostedzone/Z0123456789ABCDEFGHIJ", "is neither"),
        ("z0123456789abcdefghij", "is neither"),
        ("example.com.", "ends with a dot"),
    ],
)
def test_a_hosted_zone_that_cannot_hold_the_record_is_refused(zone: str, problem: str) -> None:
    assert problem in only_error(hosted_zone=zone)


def test_staging_is_one_word_away() -> None:
    assert settings().acme_directory_url == "https://acme-v02.api.letsencrypt.org/directory"
    assert "acme-staging-v02" in settings(acme_directory="staging").acme_directory_url
    own = "https://ca.example.com:14000/dir"
    assert settings(acme_directory=own).acme_directory_url == own


@pytest.mark.parametrize(
    ("directory", "problem"),
    [
        ("", "missing"),
        ("http://ca.example.com/dir", "is not encrypted"),
        ("Production", "is not an ACME directory"),
        ("ca.example.com/dir", "is not an ACME directory"),
        ("https://", "is not an ACME directory"),
        ("https://ca.example.com/dir?a=b&c=d", "is not an ACME directory"),
        ("https://ca.example.com/a b", "is not an ACME directory"),
    ],
)
def test_an_acme_directory_must_be_a_known_word_or_https(directory: str, problem: str) -> None:
    assert problem in only_error(acme_directory=directory)


@pytest.mark.parametrize(
    ("instance_type", "architecture"),
    [
        ("t4g.nano", "arm64"),
        ("t4g.small", "arm64"),
        ("t3.small", "amd64"),
        ("t3a.micro", "amd64"),
        ("m7i-flex.large", "amd64"),
        ("m8g.medium", "arm64"),
        ("c7a.medium", "amd64"),
        ("r6i.16xlarge", "amd64"),
    ],
)
def test_the_architecture_and_the_ami_follow_the_instance_type(instance_type: str, architecture: str) -> None:
    chosen = settings(instance_type=instance_type)
    assert chosen.architecture == architecture
    assert chosen.ami_parameter == (
        f"/aws/service/canonical/ubuntu/server/26.04/stable/current/{architecture}/hvm/ebs-gp3/ami-id"
    )


@pytest.mark.parametrize(
    ("instance_type", "problem"),
    [
        ("t5g.small", "is of no known family (t4g"),
        ("t2.micro", "is of no known family"),
        ("small", "is of no known family"),
        ("t4g.smal", "has no size of t4g; expected t4g. and one of nano, micro, small, medium, large"),
        ("t4g", "has no size of t4g"),
        ("m7i.medium", "has no size of m7i"),
        ("t4g.4xlarge", "has no size of t4g"),
        ("T4G.small", "is of no known family"),
    ],
)
def test_an_unknown_instance_type_is_refused(instance_type: str, problem: str) -> None:
    assert problem in only_error(instance_type=instance_type)


@pytest.mark.parametrize(
    ("parameter", "problem"),
    [
        ("ami-0123456789abcdef0", "is an AMI id"),
        ("/golden image", "is not the name of an SSM parameter"),
        ("/golden//ami", "is not the name of an SSM parameter"),
        ("/golden/", "is not the name of an SSM parameter"),
    ],
)
def test_an_ami_is_named_by_parameter(parameter: str, problem: str) -> None:
    assert problem in only_error(host_ami_parameter=parameter)


@pytest.mark.parametrize(
    "parameter", ["/golden/x86_64/ami", "/golden-amd64", "/aws/service/ubuntu/amd64/hvm/ami-id"]
)
def test_an_ami_of_another_architecture_than_the_instance_type_is_refused(parameter: str) -> None:
    assert "is for amd64, but t4g.small is arm64" in only_error(host_ami_parameter=parameter)
    assert settings(host_ami_parameter=parameter, instance_type="t3.small").ami_parameter == parameter


def test_an_ami_parameter_that_names_no_architecture_is_believed() -> None:
    assert settings(host_ami_parameter="/golden/ubuntu").ami_parameter == "/golden/ubuntu"


@pytest.mark.parametrize(
    "image",
    [
        "public.ecr.aws/docker/library/registry:3.1.2",
        "registry:3",
        "registry.example.com:5000/mirror/registry:3.1.2",
        f"public.ecr.aws/docker/library/registry@sha256:{'0' * 64}",
        f"public.ecr.aws/docker/library/registry:3.1.2@sha256:{'a1' * 32}",
    ],
)
def test_a_pinned_image_is_accepted(image: str) -> None:
    assert settings(registry_image=image).registry_image == image


@pytest.mark.parametrize(
    ("image", "problem"),
    [
        ("", "missing"),
        ("public.ecr.aws/docker/library/registry", "has neither version nor digest"),
        ("registry.example.com:5000/registry", "has neither version nor digest"),
        ("registry:latest", "is a different image tomorrow"),
        (f"registry:latest@sha256:{'0' * 64}", "is a different image tomorrow"),
        ("registry:", "has '' as its version"),
        ("registry:3.1.2 ", "has '3.1.2 ' as its version"),
        ("registry@sha256:0123", "as its digest"),
        (f"registry@md5:{'0' * 64}", "as its digest"),
        ("Docker/Registry:3", "is not an image's name"),
        ("https://public.ecr.aws/registry:3", "is not an image's name"),
        ("public.ecr.aws//registry:3", "is not an image's name"),
        ("$(reboot):3", "is not an image's name"),
    ],
)
def test_an_image_that_is_not_pinned_or_not_one_is_refused(image: str, problem: str) -> None:
    assert problem in only_error(registry_image=image)


@pytest.mark.parametrize("cidr", ["", "203.0.113.7/32", "10.0.0.0/8"])
def test_ssh_is_closed_or_open_to_a_range(cidr: str) -> None:
    assert settings(ssh_cidr=cidr).ssh_cidr == cidr


@pytest.mark.parametrize(
    ("cidr", "problem"),
    [
        ("0.0.0.0/0", "opens SSH to 4,294,967,296 addresses; expected /8 or narrower"),
        ("0.0.0.0/1", "opens SSH to"),
        ("203.0.113.7", "is not a range"),
        ("203.0.113.7/24", "that range is 203.0.113.0/24"),
        ("203.0.113.0/33", "is not a range"),
        ("203.0.113.0/255.255.255.0", "that range is 203.0.113.0/24"),
        ("2001:db8::/32", "is IPv6; the host has IPv4 only"),
        ("::/0", "is IPv6"),
        ("anywhere", "is not a range"),
    ],
)
def test_ssh_open_to_the_world_or_to_no_range_is_refused(cidr: str, problem: str) -> None:
    assert problem in only_error(ssh_cidr=cidr)


@pytest.mark.parametrize("prefix", ["registry", "r", "team-a-registry", "registry2"])
def test_a_prefix_begins_the_names_of_the_stacks(prefix: str) -> None:
    assert settings(name_prefix=prefix).name_prefix == prefix


@pytest.mark.parametrize(
    "prefix", ["", "2registry", "Registry", "reg_istry", "registry-", "a--b", "r" * 33, "a b"]
)
def test_a_prefix_that_is_no_stack_name_is_refused(prefix: str) -> None:
    assert "name_prefix: " in only_error(name_prefix=prefix)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"])
def test_a_time_zone_is_one_of_the_iana_database(zone: str) -> None:
    assert settings(schedule_time_zone=zone).schedule_time_zone == zone


@pytest.mark.parametrize("zone", ["", "Berlin", "CEST", "GMT+25", "../etc/passwd", "europe/berlin"])
def test_a_time_zone_that_nobody_knows_is_refused(zone: str) -> None:
    assert "schedule_time_zone: " in only_error(schedule_time_zone=zone)


@pytest.mark.parametrize("schedule", ["rate(12 hours)", "cron(0/30 * * * ? *)", "cron(0 9,21 * * ? *)"])
def test_a_registry_may_be_checked_twice_a_day(schedule: str) -> None:
    assert settings(health_schedule=schedule).health_schedule == schedule


@pytest.mark.parametrize(
    "schedule", ["rate(1 day)", "cron(0/5 8-17 ? * MON-FRI *)", "cron(0/5 * * * ? 2027)"]
)
def test_a_registry_that_would_be_unwatched_for_longer_is_refused(schedule: str) -> None:
    assert only_error(health_schedule=schedule) == (
        f"health_schedule: {schedule!r} leaves the registry unwatched for more than 12 hours; "
        "expected a check that often, day and night"
    )


@pytest.mark.parametrize("key", ["remove_data", "repair_enabled"])
@pytest.mark.parametrize(
    ("written", "meant"), [(True, True), (False, False), ("true", True), ("false", False)]
)
def test_a_switch_is_true_or_false(key: str, written: object, meant: bool) -> None:
    assert getattr(settings(**{key: written}), key) is meant


@pytest.mark.parametrize("written", ["yes", "True", "1", 1, 0, "", None, [], {}])
@pytest.mark.parametrize("key", ["remove_data", "repair_enabled"])
def test_anything_else_than_true_or_false_is_no_boolean(key: str, written: object) -> None:
    assert f"{key}: " in only_error(**{key: written})


@pytest.mark.parametrize(
    "key",
    [field.name for field in fields(Settings) if field.name not in ("remove_data", "repair_enabled")],
)
@pytest.mark.parametrize("value", [True, 5, ["registry.example.com"], {"name": "registry.example.com"}])
def test_text_must_be_text(key: str, value: object) -> None:
    assert f"{key}: {value!r} is not text" in errors(**{key: value})[0]


def test_a_wrong_key_is_an_error_that_names_the_likely_one() -> None:
    assert (
        only_error(domainname="registry.example.com") == "domainname: no such setting; expected domain_name"
    )
    assert only_error(colour="red").startswith("colour: no such setting; expected one of domain_name, ")


def test_what_the_cdk_keeps_in_the_same_context_is_not_ours() -> None:
    others = {
        "@aws-cdk/aws-iam:minimizePolicies": True,
        "aws:cdk:enable-path-metadata": True,
        "availability-zones:account=111122223333:region=eu-west-1": ["eu-west-1a"],
        "cli-telemetry": False,
        "acknowledged-issue-numbers": [1],
    }
    assert settings(**others) == settings()


def test_reading_settings_needs_no_cdk() -> None:
    program = "import sys, stacks.settings; sys.exit('aws_cdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=PROJECT, check=False).returncode == 0  # noqa: S603
