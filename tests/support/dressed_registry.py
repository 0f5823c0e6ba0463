"""A registry behind the manners of another: tokens, a list of its own, too many requests, a pull that never ends, a
manifest larger than the registry behind it would give.

Runs by itself: dressed_registry.py LISTEN UPSTREAM MANNERS, the first two HOST:PORT, the third JSON of Manners.
"""

import base64
import hashlib
import json
import secrets
import sys
import threading
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

MOST_A_PAGE = 2


@dataclass(frozen=True, slots=True)
class Manners:
    """``service`` is that of the tokens. ``answers`` has the JSON of other paths than the registry's, by path; a list
    is given in pages. Every ``busy_every``th request is refused. Manifests hang after ``hangs_after`` of them. The
    manifest of the tag ``large`` has five megabytes. Without ``lists`` nobody may see the catalog."""

    service: str = "registry"
    login: str = "old:the old password"
    answers: dict[str, Any] = field(default_factory=dict)
    busy_every: int = 0
    hangs_after: int = 0
    large: str = ""
    lists: bool = True


class Dressed(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, listen: tuple[str, int], upstream: str, manners: Manners) -> None:
        super().__init__(listen, Handler)
        self.upstream, self.manners = upstream, manners
        self.tokens: dict[str, str] = {}
        self.requests = self.manifests = 0
        self.lock = threading.Lock()

    @property
    def origin(self) -> str:
        return f"http://{self.server_address[0]}:{self.server_address[1]}"  # type: ignore[str-bytes-safe]


class Handler(BaseHTTPRequestHandler):
    server: Dressed
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        with self.server.lock:
            self.server.requests += 1
            number = self.server.requests
        if self.server.manners.busy_every and number % self.server.manners.busy_every == 0:
            self._answer(429, {"Retry-After": "1"}, b'{"errors":[{"code":"TOOMANYREQUESTS"}]}')
        elif url.path == "/token":
            self._give_token(parse_qs(url.query))
        elif url.path in self.server.manners.answers:
            self._list(url.path, parse_qs(url.query))
        elif not self._is_allowed(url.path):
            self._challenge(url.path)
        else:
            self._pass_on(url.path)

    do_HEAD = do_GET  # noqa: N815

    def _give_token(self, asked: dict[str, list[str]]) -> None:
        if asked["service"] != [self.server.manners.service] or not self._has_login():
            self._answer(401, {}, b"{}")
            return
        token = secrets.token_urlsafe()
        self.server.tokens[token] = " ".join(asked.get("scope", []))
        self._answer(200, {"Content-Type": "application/json"}, json.dumps({"token": token}).encode())

    def _list(self, path: str, asked: dict[str, list[str]]) -> None:
        if not self._has_login() and not self.headers.get("PRIVATE-TOKEN"):
            self._answer(401, {}, b"{}")
            return
        everything, page = self.server.manners.answers[path], int(asked.get("page", ["1"])[0])
        part, headers = everything, {"Content-Type": "application/json"}
        if isinstance(everything, list):
            part = everything[(page - 1) * MOST_A_PAGE : page * MOST_A_PAGE]
            if page * MOST_A_PAGE < len(everything):
                headers["Link"] = f'<{path}?page={page + 1}>; rel="next"'
        self._answer(200, headers, json.dumps(part).encode())

    def _has_login(self) -> bool:
        expected = f"Basic {base64.b64encode(self.server.manners.login.encode()).decode()}"
        return self.headers.get("Authorization") == expected

    def _scope(self, path: str) -> str:
        repository = path.removeprefix("/v2/").rpartition("/")[0].rpartition("/")[0]
        return f"repository:{repository}:pull" if repository else ""

    def _is_allowed(self, path: str) -> bool:
        """Only with a token for this repository, as a registry with rights has it."""
        if path == "/v2/_catalog" and not self.server.manners.lists:
            return False
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return token in self.server.tokens and self._scope(path) in self.server.tokens[token]

    def _challenge(self, path: str) -> None:
        told = f'Bearer realm="{self.server.origin}/token",service="{self.server.manners.service}"'
        scope = self._scope(path)
        self._answer(401, {"WWW-Authenticate": told + (f',scope="{scope}"' if scope else "")}, b"{}")

    def _pass_on(self, path: str) -> None:
        if "/manifests/" in path and self.command == "GET":
            with self.server.lock:
                self.server.manifests += 1
            if 0 < self.server.manners.hangs_after < self.server.manifests:
                threading.Event().wait()
        connection = HTTPConnection(self.server.upstream)
        basic = base64.b64encode(self.server.manners.login.encode()).decode()
        # regsync sends a header for each type.
        accepted = ", ".join(self.headers.get_all("Accept", ["*/*"]))
        passed = {"Accept": accepted, "Authorization": f"Basic {basic}"}
        is_large = bool(self.server.manners.large) and path.endswith(f"/manifests/{self.server.manners.large}")
        connection.request("GET" if is_large else self.command, self.path, headers=passed)
        answer = connection.getresponse()
        kept = ("Content-Type", "Content-Length", "Docker-Content-Digest", "Link")
        headers = {name: value for name in kept if (value := answer.headers.get(name))}
        body = answer.read()
        if is_large:
            body = body.ljust(5_000_000)
            digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
            headers |= {"Content-Length": str(len(body)), "Docker-Content-Digest": digest}
        self._answer(answer.status, headers, body)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: a test looks at what clients see."""


def address(text: str) -> tuple[str, int]:
    host, _, port = text.partition(":")
    return host, int(port)


if __name__ == "__main__":
    Dressed(address(sys.argv[1]), sys.argv[2], Manners(**json.loads(sys.argv[3]))).serve_forever()
