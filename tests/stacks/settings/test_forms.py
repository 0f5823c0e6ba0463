"""The values that each setting accepts and refuses."""

import pytest

from tests.support.settings import only_error, settings

ACCEPTED = {
    "domain_name": ["example.com", "a.b.c.example.co.uk", "xn--bcher-kva.example", "1.example.com"],
    "hosted_zone": ["", "example.com", "registry.example.com", "Z0123456789ABCDEFGHIJ"],
    "registry_image": [
        "public.ecr.aws/docker/library/registry:3.1.2",
        "registry:3",
        "registry.example.com:5000/mirror/registry:3.1.2",
        f"public.ecr.aws/docker/library/registry@sha256:{'0' * 64}",
        f"public.ecr.aws/docker/library/registry:3.1.2@sha256:{'a1' * 32}",
    ],
    "ssh_cidr": ["", "203.0.113.7/32", "10.0.0.0/8"],
    "health_schedule": ["rate(12 hours)", "cron(0/30 * * * ? *)", "cron(0 9,21 * * ? *)"],
    "schedule_time_zone": ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"],
    "name_prefix": ["registry", "r", "team-a-registry", "registry2"],
}
_EMAILS = [
    ("you", "has no @"),
    ("@example.com", "has '' before the @"),
    ("you@example", "has 'example' after the @"),
    ("you@", "has '' after the @"),
    ("you and me@example.com", "has 'you and me' before the @"),
    ("you$(reboot)@example.com", "before the @"),
    ("you@@example.com", "has 'you@' before the @"),
]
_NO_SWITCHES: tuple[object, ...] = ("yes", "True", "1", 1, 0, "", None, [], {})
REFUSED: dict[str, list[tuple[object, str]]] = {
    "domain_name": [
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
    "alert_email": [*_EMAILS],
    "acme_email": [*_EMAILS],
    "hosted_zone": [
        ("example.org", "does not hold registry.example.com; expected registry.example.com or example.com"),
        ("ample.com", "does not hold"),
        ("deeper.registry.example.com", "does not hold"),
        ("com", "is neither a zone's name nor a zone's id"),
        ("/hostedzone/Z0123456789ABCDEFGHIJ", "is neither"),
        ("z0123456789abcdefghij", "is neither"),
        ("example.com.", "ends with a dot"),
    ],
    "acme_directory": [
        ("", "missing"),
        ("http://ca.example.com/dir", "is not encrypted"),
        ("Production", "is not an ACME directory"),
        ("ca.example.com/dir", "is not an ACME directory"),
        ("https://", "is not an ACME directory"),
        ("https://ca.example.com/dir?a=b&c=d", "is not an ACME directory"),
        ("https://ca.example.com/a b", "is not an ACME directory"),
    ],
    "instance_type": [
        ("t5g.small", "is of no known family (t4g"),
        ("t2.micro", "is of no known family"),
        ("small", "is of no known family"),
        ("t4g.smal", "has no size of t4g; expected t4g. and one of nano, micro, small, medium, large"),
        ("t4g", "has no size of t4g"),
        ("m7i.medium", "has no size of m7i"),
        ("t4g.4xlarge", "has no size of t4g"),
        ("T4G.small", "is of no known family"),
    ],
    "host_ami_parameter": [
        ("ami-0123456789abcdef0", "is an AMI id"),
        ("/golden image", "is not the name of an SSM parameter"),
        ("/golden//ami", "is not the name of an SSM parameter"),
        ("/golden/", "is not the name of an SSM parameter"),
    ],
    "registry_image": [
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
    "ssh_cidr": [
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
    "schedule_time_zone": [
        ("", "missing"),
        *((zone, "time zone") for zone in ("Berlin", "CEST", "GMT+25", "../etc/passwd", "europe/berlin")),
    ],
    "name_prefix": [
        ("", "missing"),
        *((prefix, "cannot begin") for prefix in ("2registry", "Registry", "reg_istry", "registry-")),
        *((prefix, "cannot begin") for prefix in ("a--b", "r" * 33, "a b")),
    ],
    "remove_data": [(value, "expected true or false") for value in _NO_SWITCHES],
    "repair_enabled": [(value, "expected true or false") for value in _NO_SWITCHES],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key in ACCEPTED for value in ACCEPTED[key]])
def test_a_right_value_is_accepted(key: str, value: str) -> None:
    assert getattr(settings(**{key: value}), key) == value


@pytest.mark.parametrize(("key", "value", "problem"), [(key, *refused) for key in REFUSED for refused in REFUSED[key]])
def test_a_wrong_value_is_refused_with_the_reason(key: str, value: object, problem: str) -> None:
    error = only_error(**{key: value})
    assert error.startswith(f"{key}: ")
    assert problem in error


@pytest.mark.parametrize("key", ["remove_data", "repair_enabled"])
@pytest.mark.parametrize(("written", "meant"), [(True, True), (False, False), ("true", True), ("false", False)])
def test_a_switch_is_true_or_false(key: str, written: object, meant: bool) -> None:
    assert getattr(settings(**{key: written}), key) is meant


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
