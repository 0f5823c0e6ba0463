"""How a registry wants its clients to log in: https://distribution.github.io/distribution/spec/auth/token/"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from migrate.logins import Login

_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
CLIENT = "private-docker-registry"


@dataclass(frozen=True, slots=True)
class Challenge:
    """The header WWW-Authenticate. ``scheme`` is in lower case; it is empty where no login is asked for."""

    scheme: str = ""
    parameters: Mapping[str, str] | None = None

    @classmethod
    def parse(cls, header: str) -> "Challenge":
        scheme, _, rest = header.partition(" ")
        return cls(scheme.lower(), dict(_PARAMETER.findall(rest)))

    @property
    def service(self) -> str:
        return (self.parameters or {}).get("service", "")

    @property
    def origin(self) -> str:
        """Of the server that gives the tokens, such as https://gitlab.com."""
        parts = urlsplit((self.parameters or {}).get("realm", ""))
        return f"{parts.scheme}://{parts.netloc}"

    def authorization(self, send: Callable[..., requests.Response], login: Login | None) -> str:
        """The header that answers it; empty if a login is missing, or was refused. ``send`` is that of a registry."""
        if self.scheme == "basic":
            return f"Basic {base64.b64encode(f'{login.user}:{login.password}'.encode()).decode()}" if login else ""
        token = self._token(send, login)
        return f"Bearer {token}" if token else ""

    def _token(self, send: Callable[..., requests.Response], login: Login | None) -> str:
        asked = {key: value for key, value in (self.parameters or {}).items() if key in ("service", "scope")}
        realm = (self.parameters or {}).get("realm", "")
        if login and login.identity_token:
            form = asked | {"grant_type": "refresh_token", "refresh_token": login.identity_token, "client_id": CLIENT}
            answer = send("POST", realm, {}, data=form)
        else:
            by = (login.user, login.password) if login else None
            answer = send("GET", realm, {}, params=asked, auth=by)
        if answer.status_code in (400, 401, 403):
            return ""
        answer.raise_for_status()
        told = answer.json()
        return str(told.get("token") or told.get("access_token") or "")
