"""Reading the settings from cdk.json's context, the errors that name everything wrong, and the page of all settings."""

import json
import subprocess
import sys
from dataclasses import MISSING, fields

import pytest

from docs.settings import PAGE, with_table
from stacks.settings.settings import Settings, SettingsError
from tests.support.assembly import PROJECT
from tests.support.settings import errors, only_error, settings

CONTEXT = json.loads((PROJECT / "cdk.json").read_text())["context"]


def test_a_domain_name_and_an_email_are_enough() -> None:
    assert settings() == Settings(domain_name="registry.example.com", alert_email="you@example.com")


def test_cdk_json_names_every_setting_with_its_default() -> None:
    assert {key: value for key, value in CONTEXT.items() if not key.startswith("@")} == {
        field.name: "" if field.default is MISSING else field.default for field in fields(Settings)
    }


def test_cdk_json_as_it_is_asks_for_the_two_required_settings() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_context(CONTEXT)
    assert caught.value.errors == (
        "domain_name: missing; expected e.g. registry.example.com",
        "alert_email: missing; expected e.g. you@example.com",
    )


def test_all_errors_are_reported_together() -> None:
    seen = errors(domain_name="registry", alert_email="you", remove_data="yes", colour="red", ssh_cidr="0.0.0.0/0")
    wrong = ["colour", "domain_name", "alert_email", "ssh_cidr", "remove_data"]
    assert [error.partition(":")[0] for error in seen] == wrong
    with pytest.raises(SettingsError, match=r"(?s)colour: .*\ndomain_name: .*\nalert_email: "):
        settings(domain_name="registry", alert_email="you", colour="red")


def test_an_error_names_the_key_the_value_and_the_accepted_form() -> None:
    expected = "domain_name: 'registry' is not a full domain name; expected e.g. registry.example.com"
    assert only_error(domain_name="registry") == expected


def test_a_long_value_is_shown_in_part() -> None:
    assert len(only_error(domain_name="a" * 5000 + ".example.com")) < 250


def test_the_certificate_authoritys_contact_is_the_alert_address_by_default() -> None:
    assert settings().acme_contact == "you@example.com"
    assert settings(acme_email="tls@example.com").acme_contact == "tls@example.com"


def test_staging_is_one_word_away() -> None:
    assert settings().acme_directory_url == "https://acme-v02.api.letsencrypt.org/directory"
    assert "acme-staging-v02" in settings(acme_directory="staging").acme_directory_url
    own = "https://ca.example.com:14000/dir"
    assert settings(acme_directory=own).acme_directory_url == own


@pytest.mark.parametrize("parameter", ["/golden/x86_64/ami", "/golden-amd64", "/aws/service/ubuntu/amd64/hvm/ami-id"])
def test_an_ami_of_another_architecture_than_the_instance_type_is_refused(parameter: str) -> None:
    assert "is for amd64, but t4g.small is arm64" in only_error(host_ami_parameter=parameter)
    assert settings(host_ami_parameter=parameter, instance_type="t3.small").ami_parameter == parameter


def test_an_ami_parameter_that_names_no_architecture_is_accepted() -> None:
    assert settings(host_ami_parameter="/golden/ubuntu").ami_parameter == "/golden/ubuntu"


def test_ssh_needs_both_a_range_and_a_key_pair() -> None:
    assert only_error(ssh_cidr="203.0.113.7/32") == (
        "ssh_key_name: missing, but ssh_cidr is '203.0.113.7/32'; expected the name of an EC2 key pair, or no ssh_cidr"
    )
    assert only_error(ssh_key_name="laptop") == (
        "ssh_cidr: missing, but ssh_key_name is 'laptop'; expected an IPv4 range, or no ssh_key_name"
    )


@pytest.mark.parametrize("cidr", ["203.0.113.7/32", "10.0.0.0/8"])
@pytest.mark.parametrize("key", ["laptop", "Anna's key (2026)", "k" * 255])
def test_a_range_with_a_key_pair_is_accepted(cidr: str, key: str) -> None:
    assert settings(ssh_cidr=cidr, ssh_key_name=key).ssh_key_name == key


def test_a_wrong_range_is_one_error_even_without_a_key_pair() -> None:
    assert only_error(ssh_cidr="0.0.0.0/0").startswith("ssh_cidr: '0.0.0.0/0' opens SSH to")


@pytest.mark.parametrize("schedule", ["rate(1 day)", "cron(0/5 8-17 ? * MON-FRI *)", "cron(0/5 * * * ? 2027)"])
def test_health_checks_more_than_12_hours_apart_are_refused(schedule: str) -> None:
    assert only_error(health_schedule=schedule) == (
        f"health_schedule: {schedule!r} leaves the registry unwatched for more than 12 hours; "
        "expected a check that often, day and night"
    )


@pytest.mark.parametrize("key", [field.name for field in fields(Settings) if field.type is not bool])
@pytest.mark.parametrize("value", [True, 5, ["registry.example.com"], {"name": "registry.example.com"}])
def test_text_must_be_text(key: str, value: object) -> None:
    assert f"{key}: {value!r} is not text" in errors(**{key: value})[0]


def test_a_wrong_key_is_an_error_that_names_the_likely_one() -> None:
    assert only_error(domainname="registry.example.com") == "domainname: no such setting; expected domain_name"
    assert only_error(colour="red").startswith("colour: no such setting; expected one of domain_name, ")


def test_the_cdks_own_keys_in_the_context_are_ignored() -> None:
    others = {
        "@aws-cdk/aws-iam:minimizePolicies": True,
        "aws:cdk:enable-path-metadata": True,
        "availability-zones:account=111122223333:region=eu-west-1": ["eu-west-1a"],
        "cli-telemetry": False,
        "acknowledged-issue-numbers": [1],
    }
    assert settings(**others) == settings()


def test_importing_the_settings_does_not_load_the_cdk() -> None:
    program = "import sys, stacks.settings.settings; sys.exit('aws_cdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=PROJECT, check=False).returncode == 0  # noqa: S603


def test_the_page_has_the_table_that_the_settings_make() -> None:
    page = PAGE.read_text()
    assert with_table(page) == page, "run `python -m docs.settings`"
