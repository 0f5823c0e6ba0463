"""What a host says about itself: the ``key=value`` lines of its verbs. Nothing in them is believed unread."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Self

# Verbs print less than 2,000 characters; more than this is not one of theirs.
LONGEST_OUTPUT = 8_000
_LINE = re.compile(r"([a-z][a-z0-9_]{0,39})=([^\x00-\x1f\x7f]{0,1000})", re.ASCII)


def read_lines(output: str) -> dict[str, str]:
    """Keys with their values. A key that is there twice with different values says nothing."""
    found: dict[str, str] = {}
    contradicted: set[str] = set()
    for line in output[:LONGEST_OUTPUT].split("\n"):
        if match := _LINE.fullmatch(line.rstrip("\r")):
            key, value = match[1], match[2].strip()
            if found.setdefault(key, value) != value:
                contradicted.add(key)
    return {key: value for key, value in found.items() if key not in contradicted}


@dataclass(frozen=True, slots=True)
class Facts:
    """The lines of ``diagnose``. ``None`` is everything the host does not know or did not say well."""

    instance_id: str | None = None
    nginx: str | None = None
    nginx_config: str | None = None
    auth: str | None = None
    docker: str | None = None
    registry: str | None = None
    registry_restarts: int | None = None
    registry_log: str | None = None
    disk_used_percent: int | None = None
    memory_available_percent: int | None = None
    clock_offset_seconds: int | None = None
    s3: str | None = None
    certificate: str | None = None
    certificate_not_after: datetime | None = None
    certificate_serial: str | None = None
    certificate_fingerprint: str | None = None
    catalog: int | None = None
    users_file: str | None = None
    acme: str | None = None
    address: str | None = None

    @classmethod
    def read(cls, output: str) -> Self:
        lines = read_lines(output)
        return cls(**{key: _read(key, lines[key]) for key in _FORMS if key in lines})  # type: ignore[arg-type]

    @property
    def known(self) -> int:
        """How many lines could be read."""
        return sum(getattr(self, field.name) is not None for field in fields(self))


_WORD = re.compile(r"[A-Za-z0-9-]{1,40}")
_UNIT = re.compile(r"active|failed|inactive|activating|deactivating|reloading")
_HEX = re.compile(r"[0-9a-f]{1,64}", re.IGNORECASE)
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")
_TEXT = re.compile(r".{1,200}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}([+-][0-9:]{5}|Z)?")
_FORMS: Mapping[str, re.Pattern[str]] = {
    "instance_id": re.compile(r"i-[0-9a-f]{1,17}"),
    "nginx": _UNIT,
    "nginx_config": _TEXT,
    "auth": _UNIT,
    "docker": _UNIT,
    "registry": re.compile(r"running|restarting|exited|absent|created|paused|dead|removing"),
    "registry_restarts": _NUMBER,
    "registry_log": _TEXT,
    "disk_used_percent": _NUMBER,
    "memory_available_percent": _NUMBER,
    "clock_offset_seconds": _NUMBER,
    "s3": _WORD,
    "certificate": re.compile(r"ok|absent|expired|wrong-name"),
    "certificate_not_after": _MOMENT,
    "certificate_serial": _HEX,
    "certificate_fingerprint": re.compile(r"[0-9a-f]{64}"),
    "catalog": re.compile(r"[0-9]{3}"),
    "users_file": re.compile(r"ok|missing|old"),
    "acme": _WORD,
    "address": re.compile(r"held|elsewhere|free"),
}


def _read(key: str, value: str) -> str | int | datetime | None:
    form = _FORMS[key]
    if value in ("", "unknown") or not form.fullmatch(value):
        return None
    if form is _NUMBER or key == "catalog":
        return round(float(value))
    return moment(value) if form is _MOMENT else value


def moment(text: str) -> datetime | None:
    """ISO 8601, in UTC where it says nothing else."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
