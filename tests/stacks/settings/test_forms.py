"""The values that each setting accepts and refuses."""

from collections.abc import Mapping, Sequence

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
    "image_bucket": ["", "team-images", "a1b", "team-images/registry", "team-images/old/v2.8_registry"],
    "replica_region": ["", "eu-west-1", "us-gov-east-1", "ap-southeast-7"],
    "browser_origins": ["", "https://ui.example.com", "https://ui.example.com:8443,http://localhost:8080"],
    "availability_zones": ["2", "3", "6"],
    "ssh_cidr": [""],
    "ssh_key_name": [""],
    "health_schedule": ["rate(12 hours)", "cron(0/30 * * * ? *)", "cron(0 9,21 * * ? *)"],
    "schedule_time_zone": ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"],
    "maintenance_window": ["never", "Sun 03:00", "Mon 00:00", "Sat 23:59"],
    "name_prefix": ["registry", "r", "team-a-registry", "registry2"],
}
_EMAILS: dict[str, Sequence[object]] = {
    "has no @": ["you"],
    "has '' before the @": ["@example.com"],
    "has 'example' after the @": ["you@example"],
    "has '' after the @": ["you@"],
    "has 'you and me' before the @": ["you and me@example.com"],
    "before the @": ["you$(reboot)@example.com"],
    "has 'you@' before the @": ["you@@example.com"],
}
_SWITCHES: dict[str, Sequence[object]] = {"expected true or false": ("yes", "True", "1", 1, 0, "", None, [], {})}
# By setting and problem: the values that are refused for it.
REFUSED: dict[str, Mapping[str, Sequence[object]]] = {
    "domain_name": {
        "missing": ["", None],
        "is not a full domain name": ["registry"],
        "is not ASCII; write it in its xn-- form, xn--bcher-kva.example.com": ["bücher.example.com"],
        "ends with a dot": ["registry.example.com."],
        "is a wildcard": ["*.example.com"],
        "has 300 characters; a name has at most 253": [f"{'a' * 60}." * 4 + "b" * 56],
        "has a part of 64 characters; a part has at most 63": [f"{'a' * 64}.example.com"],
        "is an address, not a name": ["https://registry.example.com", "registry.example.com/v2"],
        "has a port": ["registry.example.com:5000"],
        "has capital letters, which docker refuses": ["Registry.example.com"],
        "has '-registry' in it": ["-registry.example.com"],
        "has 'reg_istry' in it": ["reg_istry.example.com"],
        "has '' in it": ["registry..example.com"],
        "has 'registry example' in it": ["registry example.com"],
        "has 'com\\n' in it": ["registry.example.com\n"],
        "is an IP address": ["192.0.2.10"],
        "is not text": [42],
    },
    "alert_email": _EMAILS,
    "acme_email": _EMAILS,
    "hosted_zone": {
        "does not hold registry.example.com; expected registry.example.com or example.com": ["example.org"],
        "does not hold": ["ample.com", "deeper.registry.example.com"],
        "is neither a zone's name nor a zone's id": ["com"],
        "is neither": ["/hostedzone/Z0123456789ABCDEFGHIJ", "z0123456789abcdefghij"],
        "ends with a dot": ["example.com."],
    },
    "acme_directory": {
        "missing": [""],
        "is not encrypted": ["http://ca.example.com/dir"],
        "is not an ACME directory": [
            *("Production", "ca.example.com/dir", "https://"),
            *("https://ca.example.com/dir?a=b&c=d", "https://ca.example.com/a b"),
        ],
    },
    "instance_type": {
        "is of no known family (t4g": ["t5g.small"],
        "is of no known family": ["t2.micro", "small", "T4G.small"],
        "has no size of t4g; expected t4g. and one of nano, micro, small, medium, large": ["t4g.smal"],
        "has no size of t4g": ["t4g", "t4g.4xlarge"],
        "has no size of m7i": ["m7i.medium"],
    },
    "availability_zones": {
        "missing": [""],
        "is not a number of zones; expected a whole number from 2 to 6": ["0", "1", "7", "two", "2.0", "us-east-1a"],
    },
    "host_ami_parameter": {
        "is an AMI id": ["ami-0123456789abcdef0"],
        "is not the name of an SSM parameter": ["/golden image", "/golden//ami", "/golden/"],
    },
    "maintenance_window": {
        "has 'sun' as its day, which is Mon, Tue, Wed, Thu, Fri, Sat, Sun": ["sun 03:00"],
        "has '03:00' as its day": ["03:00"],
        "has '' as its day": [" 03:00"],
        "has '' as its time, which is 00:00 to 23:59": ["Sun"],
        "as its time": ["Sun 3:00", "Sun 24:00", "Sun 03:60", "Sun 03:00 CET", "Sun  03:00", "Sun 03:00-04:00"],
        "expected a day of the week and a time in UTC, such as Sun 03:00, or never": ["Never", "rate(7 days)"],
        "missing": [""],
        "is not text": [3],
    },
    "registry_image": {
        "missing": [""],
        "has neither version nor digest": ["public.ecr.aws/docker/registry", "registry.example.com:5000/registry"],
        "is a different image tomorrow": ["registry:latest", f"registry:latest@sha256:{'0' * 64}"],
        "has '' as its version": ["registry:"],
        "has '3.1.2 ' as its version": ["registry:3.1.2 "],
        "as its digest": ["registry@sha256:0123", f"registry@md5:{'0' * 64}"],
        "is not an image's name": [
            *("Docker/Registry:3", "https://public.ecr.aws/registry:3", "public.ecr.aws//registry:3", "$(reboot):3")
        ],
    },
    "image_bucket": {
        "is an address, not a name": ["s3://team-images", "arn:aws:s3:::team-images", "https://s3.amazonaws.com/a"],
        "has a dot, so S3's certificate does not cover its address; expected a copy": ["registry.example.com"],
        "which is not a bucket's name": ["Team-Images", "ab", "-images", "images_", "a" * 64, "$(reboot)", "/registry"],
        "is not a general purpose bucket": ["images--use1-az4--x-s3", "images-s3alias"],
        "as its folder": ["images/", "images//registry", "images/registry/", "images/../a", "images/a b", "images/$x"],
    },
    "replica_region": {"is not a region": ["Ireland", "eu-west-1a", "EU-WEST-1", "eu", "eu-west", "eu-west-1 "]},
    "browser_origins": {
        "has 'http://ui.example.com' in it, which does not begin with https://": ["http://ui.example.com"],
        "does not begin with https://": ["*", "ui.example.com", "null", "https://ui.example.com,"],
        "whose host is an address, not a name": ["https://ui.example.com/", "https://ui.example.com/page"],
        "whose host has capital letters": ["https://UI.example.com"],
        "whose host is a wildcard": ["https://*.example.com"],
        "whose host": ["https://", "https://ui example.com", 'https://ui"; return 200'],
        "whose port is ''": ["https://ui.example.com:"],
        "whose port is '443/'": ["https://ui.example.com:443/"],
    },
    "ssh_cidr": {
        "opens SSH to 4,294,967,296 addresses; expected /8 or narrower": ["0.0.0.0/0"],
        "opens SSH to": ["0.0.0.0/1"],
        "is not a range": ["203.0.113.7", "203.0.113.0/33", "anywhere"],
        "that range is 203.0.113.0/24": ["203.0.113.7/24", "203.0.113.0/255.255.255.0"],
        "is IPv6; the host has IPv4 only": ["2001:db8::/32"],
        "is IPv6": ["::/0"],
    },
    "ssh_key_name": {"is not a key pair's name": [" laptop", "laptop ", "k" * 256, "schlüssel", "a\nb"]},
    "schedule_time_zone": {
        "missing": [""],
        "time zone": ["Berlin", "CEST", "GMT+25", "../etc/passwd", "europe/berlin"],
    },
    "name_prefix": {
        "missing": [""],
        "cannot begin": ["2registry", "Registry", "reg_istry", "registry-", "a--b", "r" * 33, "a b"],
    },
    "remove_data": _SWITCHES,
    "repair_enabled": _SWITCHES,
    "redirect": _SWITCHES,
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key in ACCEPTED for value in ACCEPTED[key]])
def test_a_right_value_is_accepted(key: str, value: str) -> None:
    assert getattr(settings(**{key: value}), key) == value


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [(key, value, why) for key, problems in REFUSED.items() for why, values in problems.items() for value in values],
)
def test_a_wrong_value_is_refused_with_the_reason(key: str, value: object, problem: str) -> None:
    error = only_error(**{key: value})
    assert error.startswith(f"{key}: ")
    assert problem in error


@pytest.mark.parametrize("key", ["remove_data", "repair_enabled", "redirect"])
@pytest.mark.parametrize(("written", "meant"), [(True, True), (False, False), ("true", True), ("false", False)])
def test_a_switch_is_true_or_false(key: str, written: object, meant: bool) -> None:
    assert getattr(settings(**{key: written}), key) is meant


@pytest.mark.parametrize(
    ("instance_type", "architecture"),
    [
        *((size, "arm64") for size in ("t4g.nano", "t4g.small", "m8g.medium")),
        *((size, "amd64") for size in ("t3.small", "t3a.micro", "m7i-flex.large", "c7a.medium", "r6i.16xlarge")),
    ],
)
def test_the_architecture_and_the_ami_follow_the_instance_type(instance_type: str, architecture: str) -> None:
    chosen = settings(instance_type=instance_type)
    assert chosen.architecture == architecture
    newest = "/aws/service/canonical/ubuntu/server/26.04/stable/current"
    assert chosen.ami_parameter == f"{newest}/{architecture}/hvm/ebs-gp3/ami-id"
