"""What a host says about itself: the ``key=value`` lines of its verbs. A line out of form is no fact."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Self

# Verbs print less than 2,000 characters. Longer output is not theirs.
LONGEST_OUTPUT = 8_000
_LINE = re.compile(r"([a-z][a-z0-9_]{0,39})=([^\x00-\x1f\x7f]{0,1000})", re.ASCII)


def read_lines(output: str) -> dict[str, str]:
    """Keys with their values. A key with two different values is left out."""
    found: dict[str, str] = {}
    contradicted: set[str] = set()
    for line in output[:LONGEST_OUTPUT].split("\n"):
        if match := _LINE.fullmatch(line.rstrip("\r")):
            key, value = match[1], match[2].strip()
            if found.setdefault(key, value) != value:
                contradicted.add(key)
    return {key: value for key, value in found.items() if key not in contradicted}


_WORD = r"[A-Za-z0-9-]{1,40}"
_UNIT = r"active|failed|inactive|activating|deactivating|reloading"
_CONTAINER = r"running|restarting|exited|absent|created|paused|dead|removing"
_HEX = r"[0-9A-Fa-f]{1,64}"
_NUMBER = r"-?[0-9]{1,9}(\.[0-9]{1,9})?"
_STATUS = r"[0-9]{3}"
# An HTTP status, or how there was none.
_HTTP = r"[0-9]{3}|timeout|refused"
_TEXT = r".{1,200}"
# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
_NAME = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_TAGGED = rf"(?=.{{1,200}}$){_NAME}(?:/{_NAME})*:[A-Za-z0-9_][A-Za-z0-9._-]{{0,127}}"
_MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}([+-][0-9:]{5}|Z)?"


@dataclass(frozen=True, slots=True)
class Facts:
    """The lines of ``diagnose``. ``None`` is a fact that the host does not know, or did not print in its form."""

    instance_id: Annotated[str | None, r"i-[0-9a-f]{1,17}"] = None
    nginx: Annotated[str | None, _UNIT] = None
    nginx_config: Annotated[str | None, _TEXT] = None
    auth: Annotated[str | None, _UNIT] = None
    docker: Annotated[str | None, _UNIT] = None
    registry: Annotated[str | None, _CONTAINER] = None
    registry_restarts: Annotated[int | None, _NUMBER] = None
    registry_log: Annotated[str | None, _TEXT] = None
    disk_used_percent: Annotated[int | None, _NUMBER] = None
    memory_available_percent: Annotated[int | None, _NUMBER] = None
    clock_offset_seconds: Annotated[int | None, _NUMBER] = None
    s3: Annotated[str | None, _WORD] = None
    certificate: Annotated[str | None, r"ok|absent|expired|wrong-name"] = None
    certificate_not_after: Annotated[datetime | None, _MOMENT] = None
    certificate_serial: Annotated[str | None, _HEX] = None
    certificate_fingerprint: Annotated[str | None, r"[0-9a-f]{64}"] = None
    catalog: Annotated[int | None, _STATUS] = None
    users_file: Annotated[str | None, r"ok|missing|old"] = None
    acme: Annotated[str | None, _WORD] = None
    address: Annotated[str | None, r"held|elsewhere|free"] = None
    door: Annotated[str | None, _HTTP] = None
    """The front door's answer to ``/v2/`` without a login: 401. It needs no other part."""

    login: Annotated[str | None, _HTTP] = None
    """The front door's answer to ``/v2/`` with the host's own login: 200. It needs the login check and the registry."""

    engine: Annotated[str | None, _HTTP] = None
    """The registry's own answer to ``/v2/``: 200, from memory; 503 while its checks of S3 fail."""

    resolver: Annotated[str | None, r"ok|broken"] = None
    pulled: Annotated[str | None, _TAGGED] = None
    """The manifest that a client was served last, as ``repository:tag``."""

    slow_listings: Annotated[int | None, _NUMBER] = None
    """Lists of repositories or tags that took a user longer than 10 seconds within the last hour."""

    longest_listing_seconds: Annotated[int | None, _NUMBER] = None
    reboot_due_days: Annotated[int | None, _NUMBER] = None
    """How long an upgrade has been waiting for a reboot; 0 if none is."""

    door_without: Annotated[str | None, _TEXT] = None
    """Features of the front door that the host's nginx is too old for. The door is slower without them, never wrong."""

    @classmethod
    def read(cls, output: str) -> Self:
        lines = read_lines(output)
        return cls(**{key: _read(key, lines[key]) for key in _FORMS if key in lines})

    @property
    def known(self) -> int:
        """How many lines could be read."""
        return sum(getattr(self, key) is not None for key in _FORMS)


_FORMS = {name: hint.__metadata__[0] for name, hint in Facts.__annotations__.items()}


def _read(key: str, value: str) -> Any:
    form = _FORMS[key]
    if value in ("", "unknown") or not re.fullmatch(form, value):
        return None
    if form in (_NUMBER, _STATUS):
        return round(float(value))
    return moment(value) if form == _MOMENT else value


def moment(text: str) -> datetime | None:
    """ISO 8601; UTC if no zone is given. ``None`` for any other text."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
