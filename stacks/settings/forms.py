"""The form of each setting: every function returns the value it is given, or raises :class:`FormError`.

A value that ends in ``host.env`` holds nothing that a shell would read as more than text.
"""

import difflib
import ipaddress
import re
import zoneinfo
from functools import cache
from typing import Literal

# As Canonical's AMI parameters spell them.
Architecture = Literal["arm64", "amd64"]

ACME_DIRECTORIES = {
    "production": "https://acme-v02.api.letsencrypt.org/directory",
    "staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
}

# RFC 1035 2.3.4: octets in a whole name, and in one label.
_LONGEST_NAME = 253
_LONGEST_LABEL = 63
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
# A shorter prefix opens SSH to more than one 256th of the internet.
_WIDEST_SSH_PREFIX = 8
_ARCHITECTURE_WORDS: dict[Architecture, str] = {"arm64": "arm64|aarch64", "amd64": "amd64|x86[_-]64"}
# Burstable, and the current general, compute and memory types.
_FAMILY = re.compile(r"t3a?|t4g|[mcr][678][a-z]+(-flex)?")
_BURSTABLE_SIZES = ("nano", "micro", "small", "medium", "large", "xlarge", "2xlarge")
_SIZES = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
# Graviton, and AMD since generation 7. https://docs.aws.amazon.com/ec2/latest/instancetypes/
_HAS_MEDIUM = re.compile(r"[mcr](\dg|[78]a).*")


class FormError(Exception):
    """``problem`` completes "'value' …", ``expected`` completes "expected …" more exactly than the setting does."""

    def __init__(self, problem: str, expected: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.expected = expected


def domain_name(text: str) -> str:
    """A host name that certificates, cookies and ``docker`` all take: lower case, at least two labels."""
    if "://" in text or "/" in text:
        raise FormError("is an address, not a name")
    if ":" in text:
        raise FormError("has a port; the registry always listens on 443")
    if not text.isascii():
        raise FormError(f"is not ASCII; write it in its xn-- form{_punycode(text)}")
    if text.endswith("."):
        raise FormError("ends with a dot")
    if "*" in text:
        raise FormError("is a wildcard; a registry has one name")
    if len(text) > _LONGEST_NAME:
        raise FormError(f"has {len(text)} characters; a name has at most {_LONGEST_NAME}")
    if text != text.lower():
        raise FormError("has capital letters, which docker refuses in a registry's name", f"{text.lower()!r}")
    labels = text.split(".")
    for label in labels:
        if len(label) > _LONGEST_LABEL:
            raise FormError(f"has a part of {len(label)} characters; a part has at most {_LONGEST_LABEL}")
        if not _LABEL.fullmatch(label):
            raise FormError(f"has {label!r} in it, which is no part of a host name")
    if len(labels) == 1:
        raise FormError("is not a full domain name")
    if labels[-1].isdigit():
        raise FormError("is an IP address, for which no public certificate is issued")
    return text


def _punycode(text: str) -> str:
    try:
        return f", {text.lower().rstrip('.').encode('idna').decode()}"
    except UnicodeError:
        return ""


def hosted_zone(text: str) -> str:
    if "." in text:
        return domain_name(text)
    if not re.fullmatch(r"Z[A-Z0-9]{1,31}", text):
        raise FormError("is neither a zone's name nor a zone's id")
    return text


def email(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if not at:
        raise FormError("has no @")
    if not re.fullmatch(r"[A-Za-z0-9_%+-]+(\.[A-Za-z0-9_%+-]+)*", local) or len(local) > 64:
        raise FormError(f"has {local!r} before the @, which is not letters, digits and . _ % + -")
    try:
        domain_name(domain.lower())
    except FormError as error:
        raise FormError(f"has {domain!r} after the @, which is not a full domain name") from error
    return text


def acme_directory(text: str) -> str:
    if text in ACME_DIRECTORIES:
        return text
    if text.startswith("http://"):
        raise FormError("is not encrypted")
    if not re.fullmatch(r"https://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?", text):
        raise FormError("is not an ACME directory")
    return text


def web_page(text: str) -> str:
    if not re.fullmatch(r"https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]{1,5})?(/[A-Za-z0-9._~/%-]*)?", text):
        raise FormError("is not a page")
    return text


def origins(text: str) -> str:
    """A list of what browsers send as Origin: https://datatracker.ietf.org/doc/html/rfc6454#section-6.2"""
    found = [part.strip() for part in text.split(",")]
    for origin in found:
        scheme, _, rest = origin.partition("://")
        host, _, port = rest.partition(":")
        if scheme != "https" and not (scheme == "http" and host == "localhost"):
            raise FormError(f"has {origin!r} in it, which does not begin with https://")
        if host != "localhost":
            try:
                domain_name(host)
            except FormError as error:
                raise FormError(f"has {origin!r} in it, whose host {error.problem}") from error
        if ":" in rest and not re.fullmatch(r"[1-9][0-9]{0,4}", port):
            raise FormError(f"has {origin!r} in it, whose port is {port!r}")
    return ",".join(found)


def ssh_cidr(text: str) -> str:
    if "/" not in text:
        raise FormError("is not a range")
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise FormError("is not a range") from error
    if network.version != 4:
        raise FormError("is IPv6; the host has IPv4 only")
    if network.prefixlen < _WIDEST_SSH_PREFIX:
        raise FormError(f"opens SSH to {network.num_addresses:,} addresses", f"/{_WIDEST_SSH_PREFIX} or narrower")
    if str(network) != text:
        raise FormError(f"does not begin where a range begins; that range is {network}")
    return text


def key_pair(text: str) -> str:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateKeyPair.html"""
    if not re.fullmatch(r"[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?", text):
        raise FormError("is not a key pair's name")
    return text


_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_IMAGE_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")
_IMAGE_PATH = re.compile(r"[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*")


def registry_image(text: str) -> str:
    """https://github.com/distribution/reference/blob/main/reference.go, with a version or digest required."""
    rest, at, digest = text.partition("@")
    if at and not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise FormError(f"has {digest!r} as its digest, which is not sha256: and 64 hexadecimal digits")
    *parents, last = rest.split("/")
    name, colon, tag = last.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise FormError(f"has {tag!r} as its version")
    if tag == "latest":
        raise FormError("is a different image tomorrow")
    hosts, paths = (parents[:1], [*parents[1:], name]) if names_a_host(parents) else ([], [*parents, name])
    if not all(map(_IMAGE_HOST.fullmatch, hosts)) or not all(map(_IMAGE_PATH.fullmatch, paths)):
        raise FormError("is not an image's name")
    if not tag and not at:
        raise FormError("has neither version nor digest")
    return text


def names_a_host(parents: list[str]) -> bool:
    """Whether the first part of an image's name is a registry. ``parents`` are all parts but the last."""
    return bool(parents) and (parents[0] == "localhost" or "." in parents[0] or ":" in parents[0])


def instance_type(text: str) -> str:
    """Of a known family, in a size that the family has and that a registry can use."""
    family, _, size = text.partition(".")
    if family not in _families():
        near = difflib.get_close_matches(family, _families(), n=3, cutoff=0.5) or ("t4g", "t3", "m8g")
        raise FormError(f"is of no known family ({', '.join(near)}, …)")
    medium = ("medium",) if _HAS_MEDIUM.fullmatch(family) else ()
    sizes = _BURSTABLE_SIZES if family[0] == "t" else (*medium, *_SIZES)
    if size not in sizes:
        raise FormError(f"has no size of {family}", f"{family}. and one of {', '.join(sizes)}")
    return text


@cache
def _families() -> tuple[str, ...]:
    # Loading the CDK takes 0.8 s, so only a form that asks it does.
    from aws_cdk.aws_ec2 import InstanceClass

    names = (known.name.lower().replace("_", "-") for known in InstanceClass)
    return tuple(filter(_FAMILY.fullmatch, names))


@cache
def architecture(instance_type: str) -> Architecture:
    from aws_cdk.aws_ec2 import InstanceArchitecture, InstanceType

    is_arm = InstanceType(instance_type).architecture == InstanceArchitecture.ARM_64
    return "arm64" if is_arm else "amd64"


def availability_zones(text: str) -> str:
    """Fewer than two is no choice, and no region shows an account more than six."""
    if not re.fullmatch(r"[2-6]", text):
        raise FormError("is not a number of zones")
    return text


def host_ami_parameter(text: str) -> str:
    if not re.fullmatch(r"(/[A-Za-z0-9_.-]+)+|[A-Za-z0-9_.-]+", text):
        raise FormError("is not the name of an SSM parameter")
    if re.fullmatch(r"ami-[0-9a-f]{8,17}", text):
        raise FormError("is an AMI id; AMIs are named by parameter, so that hosts follow security updates")
    return text


def architecture_named_in(parameter: str) -> Architecture | None:
    """The architecture an AMI parameter's name mentions, if it mentions one."""
    for named, words in _ARCHITECTURE_WORDS.items():
        if re.search(rf"(^|[/_.-])({words})([/_.-]|$)", parameter):
            return named
    return None


def time_zone(text: str) -> str:
    # Small systems come without the database; EventBridge Scheduler then has the last word.
    has_form = re.fullmatch(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", text)
    if not has_form or (_is_known_zone("UTC") and not _is_known_zone(text)):
        raise FormError("is not a time zone")
    return text


def _is_known_zone(text: str) -> bool:
    try:
        zoneinfo.ZoneInfo(text)
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError):
        return False
    return True


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def weekly_time(text: str) -> str:
    if text == "never":
        return text
    day, _, time = text.partition(" ")
    if day not in _DAYS:
        raise FormError(f"has {day!r} as its day, which is {', '.join(_DAYS)}")
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", time):
        raise FormError(f"has {time!r} as its time, which is 00:00 to 23:59")
    return text


def name_prefix(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", text) or len(text) > 32:
        raise FormError("cannot begin the names of stacks")
    return text


# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_OTHER_KINDS_OF_BUCKETS = ("-s3alias", "--ol-s3", "--x-s3", "--table-s3")
_FOLDER = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


def image_bucket(text: str) -> str:
    """A bucket's name, and perhaps a folder of the bucket after a slash."""
    if text.startswith(("s3://", "https://", "arn:")):
        raise FormError("is an address, not a name")
    name, slash, folder = text.partition("/")
    if "." in name:
        raise FormError("has a dot, so S3's certificate does not cover its address", "a copy of it with another name")
    if not _BUCKET.fullmatch(name):
        raise FormError(f"begins with {name!r}, which is not a bucket's name")
    if name.endswith(_OTHER_KINDS_OF_BUCKETS):
        raise FormError("is not a general purpose bucket")
    if slash and not _FOLDER.fullmatch(folder):
        raise FormError(f"has {folder!r} as its folder, which is not letters, digits, . _ - and single slashes")
    return text


def region(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2,4}(-[a-z]+)+-[0-9]", text):
        raise FormError("is not a region")
    return text


def switch(value: object) -> bool:
    """A JSON boolean from cdk.json, or one of the two words from ``-c``, whose values are always text."""
    known = {True: True, False: False, "true": True, "false": False}
    if isinstance(value, bool | str) and value in known:
        return known[value]
    raise FormError("is neither true nor false")
