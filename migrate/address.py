"""The registries that a person names on the command line."""

import re
from dataclasses import dataclass

# https://github.com/distribution/reference/blob/v0.6.0/regexp.go
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+(?::\d+)?|localhost(?::\d+)?|[a-z0-9-]+:\d+")
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_NAME = re.compile(f"{_COMPONENT}(?:/{_COMPONENT})*")
# The front door answers 400 to longer names, as the engine cannot store them (docs/front-door.md).
LONGEST_NAME = 255
DOCKER_HUB = "docker.io"
# Docker's own names for Docker Hub, and the server behind them.
_SERVERS = {DOCKER_HUB: "registry-1.docker.io"}
_ALIASES = {"index.docker.io": DOCKER_HUB, "hub.docker.com": DOCKER_HUB, "registry-1.docker.io": DOCKER_HUB}


class AddressError(ValueError):
    """Names what was given, and what is expected."""


@dataclass(frozen=True, slots=True)
class Address:
    """``folder`` is the first part of the repositories' names that are meant; empty for all. ``plain`` means HTTP."""

    host: str
    folder: str = ""
    plain: bool = False

    @property
    def api(self) -> str:
        return f"{'http' if self.plain else 'https'}://{_SERVERS.get(self.host, self.host)}"

    def has(self, repository: str) -> bool:
        return not self.folder or repository == self.folder or repository.startswith(f"{self.folder}/")

    def __str__(self) -> str:
        return f"{self.host}/{self.folder}" if self.folder else self.host


def parse(given: str) -> Address:
    """
    Raises:
        AddressError: it has another form.
    """
    scheme, separator, rest = given.rpartition("://")
    host, _, folder = rest.strip("/").partition("/")
    host = _ALIASES.get(host.lower(), host.lower())
    if scheme not in (("http", "https") if separator else ("",)) or not _HOST.fullmatch(host):
        raise AddressError(
            f"{given!r}: expected a registry's name, with a folder or without, such as registry.example.com,"
            " docker.io/ORGANISATION or http://10.0.0.5:5000"
        )
    if problem := folder and problem_of(folder):
        raise AddressError(f"{given!r}: the folder {problem}")
    return Address(host, folder, scheme == "http")


def problem_of(name: str) -> str:
    """Why no registry takes this name of a repository; empty if it does."""
    if len(name) > LONGEST_NAME:
        return f"has {len(name)} characters, and a name has at most {LONGEST_NAME}"
    if not _NAME.fullmatch(name):
        return f"{name!r} is no name of a repository: lower-case letters, digits, and single . _ - / between them"
    return ""
