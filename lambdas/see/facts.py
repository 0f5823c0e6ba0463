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
_TEXT = r".{1,200}"
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
