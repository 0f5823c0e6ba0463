"""The settings of a registry: the context of cdk.json, overridden by ``-c key=value``."""

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import timedelta
from typing import Any, Self

from stacks.settings import forms
from stacks.settings.forms import FormError
from stacks.settings.schedule import CRON_FORM, RATE_FORM, longest_gap, schedule

UBUNTU_AMI_PARAMETER = "/aws/service/canonical/ubuntu/server/26.04/stable/current/{architecture}/hvm/ebs-gp3/ami-id"
# Three missing checks are an alarm, and CloudWatch looks back a week at most.
LONGEST_UNWATCHED = timedelta(hours=12)
_EMAIL = "e.g. you@example.com"
_SCHEDULE = f"{RATE_FORM}, or {CRON_FORM}"
_SWITCH = "true or false"


class SettingsError(Exception):
    """Everything wrong with the settings, one line each: the key, the value seen, what is accepted."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = tuple(errors)


def setting(form: Callable[..., object], accepted: str, meaning: str, *, default: Any = MISSING) -> Any:
    """One setting. It is required without a default, and may be empty if the default is empty."""
    return field(default=default, metadata={"form": form, "accepted": accepted, "meaning": meaning})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Each setting with its form, the accepted values in words, its meaning and its default.

    Errors are made from these rows, and so is the table of docs/settings.md.
    """

    domain_name: str = setting(
        forms.domain_name,
        "e.g. registry.example.com",
        "Name of the registry, which every image's name begins with; international names in their `xn--` form",
    )
    alert_email: str = setting(
        forms.email, _EMAIL, "Address that gets one mail when something breaks and one when it works again"
    )
    hosted_zone: str = setting(
        forms.hosted_zone,
        "a zone's name (example.com), a zone's id (Z0123456789ABCDEFGHIJ), or nothing if DNS is kept elsewhere",
        "Route 53 zone that gets the A record",
        default="",
    )
    acme_email: str = setting(
        forms.email, _EMAIL, "Contact for the certificate authority; empty: the same as `alert_email`", default=""
    )
    acme_directory: str = setting(
        forms.acme_directory,
        "production, staging, or the https:// address of another ACME directory",
        "Certificate authority: Let's Encrypt's production or staging, or another",
        default="production",
    )
    instance_type: str = setting(
        forms.instance_type,
        "e.g. t4g.small or t3.small",
        "EC2 instance type: t3, t3a, t4g, or generations 6 to 8 of m, c and r; the AMI follows its architecture",
        default="t4g.small",
    )
    availability_zones: str = setting(
        forms.availability_zones,
        "a whole number from 2 to 6",
        "Number of the region's zones in which a host may start; a zone without the instance type is passed over",
        default="3",
    )
    host_ami_parameter: str = setting(
        forms.host_ami_parameter,
        "the name of a public or own SSM parameter that holds an AMI id, or nothing for Ubuntu 26.04",
        "Ubuntu 26.04 AMI of the host; empty: Canonical's newest",
        default="",
    )
    registry_image: str = setting(
        forms.registry_image,
        "an image with its version or digest, such as public.ecr.aws/docker/library/registry:3.1.2",
        "Container image of the registry; the version `latest` is refused",
        default="public.ecr.aws/docker/library/registry:3.1.2",
    )
    image_bucket: str = setting(
        forms.image_bucket,
        "an existing bucket such as team-images, with the old `rootdirectory` as team-images/registry, or nothing",
        "Bucket of an older registry, [adopted as it is](docs/adopting.md); empty: a new bucket",
        default="",
    )
    replica_region: str = setting(
        forms.region,
        "another region of AWS, such as eu-west-1, or nothing",
        "Region in which S3 keeps [a copy of images and certificates](docs/recovery.md#from-the-copy-alone)",
        default="",
    )
    redirect: bool = setting(
        forms.switch,
        _SWITCH,
        "Clients fetch layers from S3 by a redirect; false: the host passes them on, for clients that cannot follow it",
        default=True,
    )
    browser_origins: str = setting(
        forms.origins,
        "origins such as https://ui.example.com, separated by commas, or nothing",
        "Web pages elsewhere that may list, read and delete images in a user's browser",
        default="",
    )
    ssh_cidr: str = setting(
        forms.ssh_cidr,
        "an IPv4 range such as 203.0.113.7/32, or nothing to keep SSH closed",
        "Addresses that can reach port 22, /8 or narrower, with `ssh_key_name`; Session Manager needs no open port",
        default="",
    )
    ssh_key_name: str = setting(
        forms.key_pair,
        "the name of an EC2 key pair in the same region, up to 255 characters, or nothing to keep SSH closed",
        "Key pair that logs in to the host as `ubuntu`, with `ssh_cidr`",
        default="",
    )
    renewal_schedule: str = setting(
        schedule, _SCHEDULE, "Runs of the certificate's renewal", default="cron(17 3 1 * ? *)"
    )
    health_schedule: str = setting(
        schedule, _SCHEDULE, "Runs of the health check, at least every 12 hours", default="rate(5 minutes)"
    )
    schedule_time_zone: str = setting(
        forms.time_zone,
        "a name of the IANA time zone database, such as UTC or Europe/Berlin",
        "Time zone of the hours in a cron schedule",
        default="UTC",
    )
    repair_enabled: bool = setting(
        forms.switch,
        _SWITCH,
        "The health check restarts stopped services and replaces a host that hangs; false: it only alerts",
        default=True,
    )
    maintenance_window: str = setting(
        forms.weekly_time,
        "a day of the week and a time in UTC, such as Sun 03:00, or never",
        "Begin of the hour in which a host reboots if an upgrade needs that; never: a mail tells of it after a week",
        default="Sun 03:00",
    )
    runbook_url: str = setting(
        forms.web_page,
        "an https:// address such as https://example.com/runbook.md, or nothing",
        "Page with your team's copy of docs/runbook.md, linked in alerts and on the page; empty: they name the file",
        default="",
    )
    name_prefix: str = setting(
        forms.name_prefix,
        "1 to 32 lower-case letters, digits and single hyphens, beginning with a letter",
        "First part of the stacks' names; two registries in one account need two prefixes",
        default="registry",
    )
    remove_data: bool = setting(
        forms.switch,
        _SWITCH,
        "`cdk destroy` also deletes images, certificates and logs; empty the buckets first",
        default=False,
    )

    @classmethod
    def from_context(cls, context: Mapping[str, object]) -> Self:
        """Read and check every setting.

        Raises:
            SettingsError: naming everything that is wrong, not only the first.
        """
        rows = {row.name: row for row in fields(cls)}
        errors = [_unknown(key, list(rows)) for key in context if _is_ours(key) and key not in rows]
        values: dict[str, Any] = {}
        for name, row in rows.items():
            seen = context.get(name, "" if row.default is MISSING else row.default)
            try:
                values[name] = seen if seen == row.default == "" else _read(row.metadata["form"], seen)
            except FormError as error:
                finding = "missing" if seen in ("", None) else f"{_shown(seen)} {error.problem}"
                errors.append(f"{name}: {finding}; expected {error.expected or row.metadata['accepted']}")
        errors += _contradictions(values)
        if errors:
            raise SettingsError(errors)
        return cls(**values)

    @property
    def acme_contact(self) -> str:
        return self.acme_email or self.alert_email

    @property
    def acme_directory_url(self) -> str:
        return forms.ACME_DIRECTORIES.get(self.acme_directory, self.acme_directory)

    @property
    def architecture(self) -> forms.Architecture:
        return forms.architecture(self.instance_type)

    @property
    def ami_parameter(self) -> str:
        return self.host_ami_parameter or UBUNTU_AMI_PARAMETER.format(architecture=self.architecture)

    @property
    def image_bucket_name(self) -> str:
        """Of the adopted bucket; empty without one."""
        return self.image_bucket.partition("/")[0]

    @property
    def image_folder(self) -> str:
        """In the adopted bucket, with its slash; empty for all of the bucket."""
        folder = self.image_bucket.partition("/")[2]
        return f"{folder}/" if folder else ""

    @property
    def parameter_path(self) -> str:
        """The registry's own part of Parameter Store: its users, and the secret that its hosts share."""
        return f"/registry/{self.domain_name}"


# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_LONGEST_BUCKET, _ACCOUNT_DIGITS = 63, 12
# The CDK and its command line keep these in the same context, beside keys with a colon or an @.
_KEYS_OF_THE_CDK = {"acknowledged-issue-numbers", "cli-telemetry"}
_LONGEST_SHOWN = 80


def _is_ours(key: str) -> bool:
    return not key.startswith("@") and ":" not in key and key not in _KEYS_OF_THE_CDK


def _unknown(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"{key}: no such setting; expected " + (near[0] if near else f"one of {', '.join(known)}")


def _read(form: Callable[..., object], seen: object) -> object:
    if form is not forms.switch and not isinstance(seen, str | None):
        raise FormError("is not text", "text in quotes")
    return form(seen if form is forms.switch else seen or "")


def _shown(seen: object) -> str:
    text = repr(seen)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _contradictions(values: Mapping[str, Any]) -> Iterator[str]:
    """Errors between settings that are each right."""
    domain, zone = values.get("domain_name"), values.get("hosted_zone")
    if domain and zone and "." in zone and domain != zone and not domain.endswith(f".{zone}"):
        yield f"hosted_zone: {zone!r} does not hold {domain}; expected {_parents(domain)}, or the zone's id"
    kind, parameter = values.get("instance_type"), values.get("host_ami_parameter")
    named = forms.architecture_named_in(parameter or "")
    if kind and named and named != (needed := forms.architecture(kind)):
        yield (
            f"host_ami_parameter: {_shown(parameter)} is for {named}, but {kind} is {needed};"
            f" expected a parameter for {needed}, or another instance_type"
        )
    yield from _half_open_ssh(values)
    yield from _impossible_copy(values)
    checks = values.get("health_schedule")
    if checks and longest_gap(checks) > LONGEST_UNWATCHED:
        yield (
            f"health_schedule: {_shown(checks)} leaves the registry unwatched for more than"
            f" {LONGEST_UNWATCHED // timedelta(hours=1)} hours; expected a check that often, day and night"
        )


def _impossible_copy(values: Mapping[str, Any]) -> Iterator[str]:
    region, adopted, prefix = (values.get(name) for name in ("replica_region", "image_bucket", "name_prefix"))
    if region and adopted:
        yield (
            f"replica_region: {region!r} with image_bucket {adopted!r}, whose own settings never change;"
            " expected one of the two (docs/adopting.md copies an adopted bucket)"
        )
    longest = _LONGEST_BUCKET - len(f"-images-{'0' * _ACCOUNT_DIGITS}-{region}")
    if region and prefix and len(prefix) > longest:
        yield (
            f"name_prefix: {prefix!r} has {len(prefix)} characters, which begin the names of the copies' buckets;"
            f" expected at most {longest} with replica_region {region}"
        )


def _half_open_ssh(values: Mapping[str, Any]) -> Iterator[str]:
    """A port that no key opens, or a key for a closed port. A wrong value has an error of its own."""
    cidr, key = values.get("ssh_cidr"), values.get("ssh_key_name")
    if cidr and key == "":
        yield f"ssh_key_name: missing, but ssh_cidr is {cidr!r}; expected the name of an EC2 key pair, or no ssh_cidr"
    if key and cidr == "":
        yield f"ssh_cidr: missing, but ssh_key_name is {key!r}; expected an IPv4 range, or no ssh_key_name"


def _parents(domain: str) -> str:
    labels = domain.split(".")
    return " or ".join(".".join(labels[start:]) for start in range(len(labels) - 1))
