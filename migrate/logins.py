"""The logins that ``docker login`` saved: in ~/.docker/config.json, or with the credential helper that it names."""

from dataclasses import dataclass
from typing import Any

from docker import auth, errors  # type: ignore[import-untyped]


class LoginError(Exception):
    """The text says which login is missing or refused, and how to make it."""


@dataclass(frozen=True, slots=True)
class Login:
    """``identity_token`` takes the place of a password at registries that give one. ``saved`` by `docker login`."""

    user: str = ""
    password: str = ""
    identity_token: str = ""
    saved: bool = True


def saved(host: str) -> Login | None:
    """
    Raises:
        LoginError: the credential helper failed.
    """
    try:
        found: dict[str, Any] | None = auth.load_config().resolve_authconfig(host)
    except errors.DockerException as error:
        raise LoginError(f"the login for {host} cannot be read: {error}") from error
    if not found:
        return None
    # The file has lower-case names; docker's library gives a helper's answer capital ones.
    by_name = {key.lower(): value or "" for key, value in found.items()}
    return Login(by_name.get("username", ""), by_name.get("password", ""), by_name.get("identitytoken", ""))
