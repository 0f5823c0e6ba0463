"""Decisions that an emulated account cannot show, each by itself."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from doctor.before import bootstrap, zone
from doctor.before.credentials import Identity
from doctor.before.credentials import judge as judge_identity
from doctor.before.records import Authorities, judge_authorities
from doctor.before.registry_image import Reference, parse
from doctor.deployment import STACKS, Stack
from doctor.finding import Finding, Outcome
from doctor.refusals import AwsError, sentence
from doctor.report import line, summary
from tests.support.assembly import Assembly


def refusal(code: str, message: str = "No.") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeVpcs")


@pytest.mark.parametrize(
    ("records", "outcome"),
    [
        ((), Outcome.OK),
        (('0 iodef "mailto:you@example.com"',), Outcome.OK),
        (('0 issue "letsencrypt.org"', '0 issue "digicert.com"'), Outcome.OK),
        (('0 issue "letsencrypt.org; validationmethods=http-01,dns-01"',), Outcome.OK),
        (('0 issue "letsencrypt.org; validationmethods=dns-01"',), Outcome.FAILURE),
        (('0 issue "letsencrypt.org; accounturi=https://acme-v02.api.letsencrypt.org/acme/acct/1"',), Outcome.FAILURE),
        (('0 issue ";"',), Outcome.FAILURE),
        (('0 issuewild "letsencrypt.org"', '0 issue "digicert.com"'), Outcome.FAILURE),
    ],
)
def test_caa_records_must_let_lets_encrypt_ask_on_port_80(records: tuple[str, ...], outcome: Outcome) -> None:
    assert judge_authorities(Authorities("example.com", records)).outcome == outcome


def test_a_zone_of_another_domain_cannot_hold_the_record() -> None:
    found = zone.judge((zone.Zone("Z0ABC", "example.org", False),), "Z0ABC", "registry.example.com")
    assert (found.outcome, "does not hold registry.example.com" in found.seen) == (Outcome.FAILURE, True)


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ("public.ecr.aws/docker/library/registry:3.1.2", ("public.ecr.aws", "docker/library/registry", "3.1.2")),
        ("registry:3.1.2", ("registry-1.docker.io", "library/registry", "3.1.2")),
        ("distribution/distribution:3.1.2", ("registry-1.docker.io", "distribution/distribution", "3.1.2")),
        ("docker.io/library/registry:3.1.2", ("registry-1.docker.io", "library/registry", "3.1.2")),
        ("localhost:5000/registry@sha256:ab", ("localhost:5000", "registry", "sha256:ab")),
        ("ghcr.io/a/b:3@sha256:ab", ("ghcr.io", "a/b", "sha256:ab")),
    ],
)
def test_an_image_is_found_as_docker_finds_it(image: str, reference: tuple[str, str, str]) -> None:
    assert parse(image) == Reference(*reference)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (NoCredentialsError(), "there are no AWS credentials"),
        (EndpointConnectionError(endpoint_url="https://sts.amazonaws.com"),
         "https://sts.amazonaws.com does not answer"),
        (refusal("RequestLimitExceeded"), "AWS had too many requests at once (DescribeVpcs); try again in a minute"),
        (refusal("ExpiredToken"), "the credentials have expired"),
        (refusal("UnauthorizedOperation", "You are not authorized to perform this operation."),
         "the permission DescribeVpcs is missing"),
        (refusal("AccessDenied", "User: a is not authorized to perform: s3:ListBucket with an explicit deny in a"
                 " service control policy"),
         "the permission s3:ListBucket is missing (an organization's policy denies it)"),
        (refusal("OptInRequired", "You are not subscribed to this service."),
         "DescribeVpcs: You are not subscribed to this service (OptInRequired)"),
    ],
)  # fmt: skip
def test_an_error_of_aws_is_a_sentence(error: AwsError, text: str) -> None:
    assert sentence(error) == text


def test_a_region_that_nobody_chose_is_a_warning() -> None:
    _, region = judge_identity(Identity("123456789012", "arn:aws:iam::123456789012:user/you"), "")
    assert (region.outcome, "us-east-1" in region.cure) == (Outcome.WARNING, True)


def test_a_line_has_what_was_seen_and_expected_and_the_cure() -> None:
    found = Finding("Elastic IPs", Outcome.FAILURE, "5 of 5 in use", "one free", "Release one.")
    assert line(found) == "FAIL Elastic IPs: 5 of 5 in use, expected one free. Release one."


def test_the_last_line_counts_what_fails_apart_from_what_is_to_think_about() -> None:
    findings = [Finding("a", outcome, "") for outcome in (Outcome.FAILURE, Outcome.WARNING, Outcome.UNKNOWN)]
    assert summary(findings) == "1 of 3 lines must be mended first (1 to think about, 1 not looked at)."
    assert summary(findings[1:]) == "Nothing stands in the way (1 to think about, 1 not looked at)."


def test_the_stacks_have_the_names_and_the_description_by_which_the_doctor_knows_them(assembly: Assembly) -> None:
    assert {f"registry-{kind}" for kind in STACKS} <= assembly.manifest["artifacts"].keys()
    assert Stack("registry-dns", "", assembly.dns.body["Description"]).domain_name == "registry.example.com"
    descriptions = [template.body["Description"] for template in assembly.templates]
    assert all(Stack("", "", each).is_of_a_registry for each in descriptions)
    assert "PublicAddress" in assembly.dns.body["Outputs"]


def test_the_least_bootstrap_is_the_stacks_own(assembly: Assembly) -> None:
    needed = {
        artifact["properties"]["requiresBootstrapStackVersion"]
        for artifact in assembly.manifest["artifacts"].values()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    assert max(needed) == bootstrap.LEAST_VERSION
