"""The form each setting must have: every function returns its value or raises :class:`FormError`.

What ends in ``host.env`` is also kept free of everything a shell would read as more than text.
"""

import ipaddress
import re
import zoneinfo

from stacks.settings.form_error import FormError
from stacks.settings.instance_types import Architecture

DOMAIN_FORM = "e.g. registry.example.com"
ZONE_FORM = (
    "a zone's name (example.com), a zone's id (Z0123456789ABCDEFGHIJ), or nothing if DNS is kept elsewhere"
)
EMAIL_FORM = "e.g. you@example.com"
CIDR_FORM = "an IPv4 range such as 203.0.113.7/32, or nothing to keep SSH closed"
IMAGE_FORM = "an image with its version or digest, such as public.ecr.aws/docker/library/registry:3.1.2"
AMI_FORM = "the name of a public or own SSM parameter that holds an AMI id, or nothing for Ubuntu 26.04"
ZONE_OF_TIME_FORM = "a name of the IANA time zone database, such as UTC or Europe/Berlin"
PREFIX_FORM = "1 to 32 lower-case letters, digits and single hyphens, beginning with a letter"
ACME_DIRECTORIES = {
    "production": "https://acme-v02.api.letsencrypt.org/directory",
    "staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
}
WEB_PAGE_FORM = "an https:// address such as https://example.com/runbook.md, or nothing"
ACME_FORM = "production, staging, or the https:// address of another ACME directory"

# RFC 1035 2.3.4: octets in a whole name, and in one label.
_LONGEST_NAME = 253
_LONGEST_LABEL = 63
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
# Range lists shorter than this are most of the internet by another name.
_WIDEST_SSH_PREFIX = 8
_ARCHITECTURE_WORDS: dict[str, Architecture] = {
    "arm64": "arm64",
    "aarch64": "arm64",
    "amd64": "amd64",
    "x86_64": "amd64",
    "x86-64": "amd64",
}


def domain_name(text: str) -> str:
    """A host name that certificates, cookies and ``docker`` all take: lower case, at least two labels."""
    if "://" in text or "/" in text:
        raise FormError("is an address, not a name", DOMAIN_FORM)
    if ":" in text:
        raise FormError("has a port; the registry always listens on 443", DOMAIN_FORM)
    if not text.isascii():
        raise FormError(f"is not ASCII; write it in its xn-- form{_punycode(text)}", DOMAIN_FORM)
    if text.endswith("."):
        raise FormError("ends with a dot", DOMAIN_FORM)
    if "*" in text:
        raise FormError("is a wildcard; a registry has one name", DOMAIN_FORM)
    if len(text) > _LONGEST_NAME:
        raise FormError(f"has {len(text)} characters; a name has at most {_LONGEST_NAME}", DOMAIN_FORM)
    if text != text.lower():
        raise FormError("has capital letters, which docker refuses in a registry's name", f"{text.lower()!r}")
    labels = text.split(".")
    for label in labels:
        if len(label) > _LONGEST_LABEL:
            raise FormError(
                f"has a part of {len(label)} characters; a part has at most {_LONGEST_LABEL}", DOMAIN_FORM
            )
        if not _LABEL.fullmatch(label):
            raise FormError(f"has {label!r} in it, which is no part of a host name", DOMAIN_FORM)
    if len(labels) == 1:
        raise FormError("is not a full domain name", DOMAIN_FORM)
    if labels[-1].isdigit():
        raise FormError("is an IP address, for which no public certificate is issued", DOMAIN_FORM)
    return text


def _punycode(text: str) -> str:
    try:
        return f", {text.lower().rstrip('.').encode('idna').decode()}"
    except UnicodeError:
        return ""


def hosted_zone(text: str) -> str:
    if "." in text:
        try:
            return domain_name(text)
        except FormError as error:
            raise FormError(error.problem, ZONE_FORM) from error
    if not re.fullmatch(r"Z[A-Z0-9]{1,31}", text):
        raise FormError("is neither a zone's name nor a zone's id", ZONE_FORM)
    return text


def email(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if not at:
        raise FormError("has no @", EMAIL_FORM)
    if not re.fullmatch(r"[A-Za-z0-9_%+-]+(\.[A-Za-z0-9_%+-]+)*", local) or len(local) > 64:
        raise FormError(f"has {local!r} before the @, which is not letters, digits and . _ % + -", EMAIL_FORM)
    try:
        domain_name(domain.lower())
    except FormError as error:
        raise FormError(f"has {domain!r} after the @, which is not a full domain name", EMAIL_FORM) from error
    return text


def acme_directory(text: str) -> str:
    if text in ACME_DIRECTORIES:
        return text
    if text.startswith("http://"):
        raise FormError("is not encrypted", ACME_FORM)
    if not re.fullmatch(
        r"https://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?", text
    ):
        raise FormError("is not an ACME directory", ACME_FORM)
    return text


def web_page(text: str) -> str:
    if not re.fullmatch(r"https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]{1,5})?(/[A-Za-z0-9._~/%-]*)?", text):
        raise FormError("is not a page", WEB_PAGE_FORM)
    return text


def ssh_cidr(text: str) -> str:
    if "/" not in text:
        raise FormError("is not a range", CIDR_FORM)
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise FormError("is not a range", CIDR_FORM) from error
    if network.version != 4:
        raise FormError("is IPv6; the host has IPv4 only", CIDR_FORM)
    if network.prefixlen < _WIDEST_SSH_PREFIX:
        raise FormError(
            f"opens SSH to {network.num_addresses:,} addresses", f"/{_WIDEST_SSH_PREFIX} or narrower"
        )
    if str(network) != text:
        raise FormError(f"does not begin where a range begins; that range is {network}", CIDR_FORM)
    return text


_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_IMAGE_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")
_IMAGE_PATH = re.compile(r"[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*")


def registry_image(text: str) -> str:
    """https://github.com/distribution/reference/blob/main/reference.go, with a version or digest required."""
    rest, at, digest = text.partition("@")
    if at and not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise FormError(
            f"has {digest!r} as its digest, which is not sha256: and 64 hexadecimal digits", IMAGE_FORM
        )
    *parents, last = rest.split("/")
    name, colon, tag = last.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise FormError(f"has {tag!r} as its version", IMAGE_FORM)
    if tag == "latest":
        raise FormError("is a different image tomorrow", IMAGE_FORM)
    hosts, paths = (parents[:1], [*parents[1:], name]) if _names_a_host(parents) else ([], [*parents, name])
    if not all(map(_IMAGE_HOST.fullmatch, hosts)) or not all(map(_IMAGE_PATH.fullmatch, paths)):
        raise FormError("is not an image's name", IMAGE_FORM)
    if not tag and not at:
        raise FormError("has neither version nor digest", IMAGE_FORM)
    return text


def _names_a_host(parents: list[str]) -> bool:
    return bool(parents) and (parents[0] == "localhost" or "." in parents[0] or ":" in parents[0])


def host_ami_parameter(text: str) -> str:
    if not re.fullmatch(r"(/[A-Za-z0-9_.-]+)+|[A-Za-z0-9_.-]+", text):
        raise FormError("is not the name of an SSM parameter", AMI_FORM)
    if re.fullmatch(r"ami-[0-9a-f]{8,17}", text):
        raise FormError(
            "is an AMI id; AMIs are named by parameter, so that hosts follow security updates", AMI_FORM
        )
    return text


def architecture_named_in(parameter: str) -> Architecture | None:
    """The architecture an AMI parameter's name mentions, if it mentions one."""
    for word, meant in _ARCHITECTURE_WORDS.items():
        if re.search(rf"(^|[/_.-]){word}([/_.-]|$)", parameter):
            return meant
    return None


def time_zone(text: str) -> str:
    # Small systems come without the database; EventBridge Scheduler then has the last word.
    has_form = re.fullmatch(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", text)
    if not has_form or (_is_known_zone("UTC") and not _is_known_zone(text)):
        raise FormError("is not a time zone", ZONE_OF_TIME_FORM)
    return text


def _is_known_zone(text: str) -> bool:
    try:
        zoneinfo.ZoneInfo(text)
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError):
        return False
    return True


def name_prefix(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", text) or len(text) > 32:
        raise FormError("cannot begin the names of stacks", PREFIX_FORM)
    return text


def switch(value: object) -> bool:
    """A JSON boolean from cdk.json, or one of the two words from ``-c``, whose values are always text."""
    known = {True: True, False: False, "true": True, "false": False}
    if isinstance(value, bool | str) and value in known:
        return known[value]
    raise FormError("is neither true nor false", "true or false")
