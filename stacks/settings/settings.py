"""What a person decides about a registry: the context of cdk.json, overridden by ``-c key=value``."""

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import timedelta
from typing import Any, Self

from stacks.settings import forms
from stacks.settings.form_error import FormError
from stacks.settings.instance_types import Architecture, architecture, instance_type
from stacks.settings.schedule_gaps import longest_gap
from stacks.settings.schedules import schedule

UBUNTU_AMI_PARAMETER = (
    "/aws/service/canonical/ubuntu/server/26.04/stable/current/{architecture}/hvm/ebs-gp3/ami-id"
)
# Three missing checks are an alarm, and CloudWatch looks back a week at most.
LONGEST_UNWATCHED = timedelta(hours=12)


class SettingsError(Exception):
    """Everything wrong with the settings, one line each: the key, the value seen, what is accepted."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = tuple(errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    domain_name: str
    """The registry's name: what stands before the first slash of every image."""

    alert_email: str
    """Who hears when something broke, and when it is well again."""

    hosted_zone: str = ""
    """The Route 53 zone the A record goes into, by name or id; empty if DNS is kept elsewhere."""

    acme_email: str = ""
    """The contact given to the certificate authority; empty for ``alert_email``."""

    acme_directory: str = "production"
    """``production`` or ``staging`` of Let's Encrypt, or the directory of another authority."""

    instance_type: str = "t4g.small"
    """Of any family in ``stacks/settings/instance_types.py``; AMI and architecture follow."""

    host_ami_parameter: str = ""
    """An SSM parameter that holds the id of an Ubuntu 26.04 AMI; empty for Canonical's newest."""

    registry_image: str = "public.ecr.aws/docker/library/registry:3.1.2"

    ssh_cidr: str = ""
    """Who may reach port 22; empty for nobody. Session Manager needs no port."""

    renewal_schedule: str = "cron(17 3 1 * ? *)"

    health_schedule: str = "rate(5 minutes)"

    schedule_time_zone: str = "UTC"
    """What the hours of a cron schedule mean."""

    repair_enabled: bool = True
    """The health check restarts what stopped, and replaces a host that hangs."""

    runbook_url: str = ""
    """Where your team reads docs/runbook.md, for the alerts to link to; empty: they name the file."""

    name_prefix: str = "registry"
    """Begins the stacks' names, so that two registries fit into one account."""

    remove_data: bool = False
    """``cdk destroy`` deletes images, certificates and logs too. The buckets must be emptied first."""

    @classmethod
    def from_context(cls, context: Mapping[str, object]) -> Self:
        """Read and check every setting.

        Raises:
            SettingsError: naming everything that is wrong, not only the first.
        """
        errors = [_unknown(key) for key in context if _is_ours(key) and key not in _KEYS]
        values: dict[str, Any] = {}
        for field in fields(cls):
            seen = context.get(field.name, "" if field.default is MISSING else field.default)
            try:
                values[field.name] = _read(field.name, seen)
            except FormError as error:
                finding = "missing" if seen in ("", None) else f"{_shown(seen)} {error.problem}"
                errors.append(f"{field.name}: {finding}; expected {error.expected}")
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
    def architecture(self) -> Architecture:
        return architecture(self.instance_type)

    @property
    def ami_parameter(self) -> str:
        return self.host_ami_parameter or UBUNTU_AMI_PARAMETER.format(architecture=self.architecture)

    @property
    def parameter_path(self) -> str:
        """What of Parameter Store belongs to this registry: users, and the secret its hosts share."""
        return f"/registry/{self.domain_name}"


_TEXT_FORMS: Mapping[str, Callable[[str], str]] = {
    "domain_name": forms.domain_name,
    "alert_email": forms.email,
    "hosted_zone": forms.hosted_zone,
    "acme_email": forms.email,
    "acme_directory": forms.acme_directory,
    "instance_type": instance_type,
    "host_ami_parameter": forms.host_ami_parameter,
    "registry_image": forms.registry_image,
    "ssh_cidr": forms.ssh_cidr,
    "renewal_schedule": schedule,
    "health_schedule": schedule,
    "schedule_time_zone": forms.time_zone,
    "runbook_url": forms.web_page,
    "name_prefix": forms.name_prefix,
}
_SWITCHES = ("repair_enabled", "remove_data")
_KEYS = (*_TEXT_FORMS, *_SWITCHES)
_MAY_BE_EMPTY = {"hosted_zone", "acme_email", "host_ami_parameter", "ssh_cidr", "runbook_url"}
# What the CDK and its command line keep in the same context, beside keys with a colon or an @.
_KEYS_OF_THE_CDK = {"acknowledged-issue-numbers", "cli-telemetry"}
_LONGEST_SHOWN = 80


def _is_ours(key: str) -> bool:
    return not key.startswith("@") and ":" not in key and key not in _KEYS_OF_THE_CDK


def _unknown(key: str) -> str:
    near = difflib.get_close_matches(key, _KEYS, n=1)
    return f"{key}: no such setting; expected " + (near[0] if near else f"one of {', '.join(_KEYS)}")


def _read(name: str, seen: object) -> object:
    if name in _SWITCHES:
        return forms.switch(seen)
    if seen == "" and name in _MAY_BE_EMPTY:
        return seen
    if seen is not None and not isinstance(seen, str):
        raise FormError("is not text", "text in quotes")
    return _TEXT_FORMS[name](seen or "")


def _shown(seen: object) -> str:
    text = repr(seen)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _contradictions(values: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong between settings that are each right."""
    domain, zone = values.get("domain_name"), values.get("hosted_zone")
    if domain and zone and "." in zone and domain != zone and not domain.endswith(f".{zone}"):
        yield f"hosted_zone: {zone!r} does not hold {domain}; expected {_parents(domain)}, or the zone's id"
    kind, parameter = values.get("instance_type"), values.get("host_ami_parameter")
    if kind and parameter:
        named = forms.architecture_named_in(parameter)
        if named and named != architecture(kind):
            yield (
                f"host_ami_parameter: {_shown(parameter)} is for {named}, but {kind} is {architecture(kind)};"
                f" expected a parameter for {architecture(kind)}, or another instance_type"
            )

    checks = values.get("health_schedule")
    if checks and longest_gap(checks) > LONGEST_UNWATCHED:
        yield (
            f"health_schedule: {_shown(checks)} leaves the registry unwatched for more than"
            f" {LONGEST_UNWATCHED // timedelta(hours=1)} hours; expected a check that often, day and night"
        )


def _parents(domain: str) -> str:
    labels = domain.split(".")
    return " or ".join(".".join(labels[start:]) for start in range(len(labels) - 1))
