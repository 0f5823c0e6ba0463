"""The instance metadata service as a host meets it, version 2 only: no token, no answer.

A host is known by the address it asks from. Answers to a token request leave with the hop limit as their time
to live, as EC2's do: with a hop limit of 1 they do not reach a container on a bridge of the host.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
"""

import json
import re
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ASKED_WITH = "X-aws-ec2-metadata-token"
TTL_HEADER = "X-aws-ec2-metadata-token-ttl-seconds"
MAXIMUM_TTL_SECONDS = 21600
VERSION = re.compile(r"latest|1\.0|\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What one host is told. `entries` are texts by their path below meta-data/ (`placement/region`)."""

    entries: Mapping[str, str]
    user_data: bytes
    account_id: str
    hop_limit: int = 1


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes = b""


class Tokens:
    """Handed out to one address each, for as long as was asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._issued: dict[str, tuple[str, float]] = {}

    def issue(self, address: str, ttl_seconds: int, now: float) -> str:
        token = secrets.token_urlsafe(40)
        with self._lock:
            self._issued = {key: kept for key, kept in self._issued.items() if kept[1] > now}
            self._issued[token] = (address, now + ttl_seconds)
        return token

    def accepts(self, token: str, address: str, now: float) -> bool:
        with self._lock:
            owner, expires = self._issued.get(token, ("", 0.0))
        return owner == address and now < expires


def serve(address: str, metadata: Callable[[str], Metadata | None], *, port: int = 80) -> ThreadingHTTPServer:
    """Listens at once and answers from a thread until its shutdown()."""
    server = _Server((address, port), metadata)
    threading.Thread(target=server.serve_forever, name="metadata", daemon=True).start()
    return server


def answer(metadata: Metadata, path: str) -> Answer:
    version, _, rest = path.strip("/").partition("/")
    if version == "":
        return Answer(200, b"1.0\n2009-04-04\n2021-03-23\nlatest")
    if not VERSION.fullmatch(version):
        return Answer(404)
    trailing = path.endswith("/")
    service, _, below = rest.partition("/")
    match service:
        case "":
            return Answer(200, b"dynamic\nmeta-data\nuser-data")
        case "user-data":
            return Answer(200, metadata.user_data) if metadata.user_data else Answer(404)
        case "meta-data":
            return _entry(metadata.entries, below, trailing=trailing)
        case "dynamic":
            return _entry(_dynamic(metadata), below, trailing=trailing)
    return Answer(404)


def list_folder(entries: Mapping[str, str], folder: str) -> tuple[str, ...]:
    """Names below a folder ("" or ending in a slash), folders with a slash, as EC2 lists them."""
    names = set()
    for path in entries:
        if path.startswith(folder) and path != folder:
            name, slash, _ = path.removeprefix(folder).partition("/")
            names.add(name + slash)
    return tuple(sorted(names))


def _entry(entries: Mapping[str, str], below: str, *, trailing: bool) -> Answer:
    path = below.strip("/")
    if path in entries and not trailing:
        return Answer(200, entries[path].encode())
    folder = f"{path}/" if path else ""
    names = list_folder(entries, folder)
    return Answer(200, "\n".join(names).encode()) if names else Answer(404)


def _dynamic(metadata: Metadata) -> Mapping[str, str]:
    entries = metadata.entries
    document = {
        "accountId": metadata.account_id,
        "architecture": "arm64" if entries.get("instance-type", "").split(".")[0].endswith("g") else "x86_64",
        "availabilityZone": entries.get("placement/availability-zone", ""),
        "imageId": entries.get("ami-id", ""),
        "instanceId": entries.get("instance-id", ""),
        "instanceType": entries.get("instance-type", ""),
        "privateIp": entries.get("local-ipv4", ""),
        "region": entries.get("placement/region", ""),
        "version": "2017-09-30",
    }
    return {"instance-identity/document": json.dumps(document, indent=2)}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, at: tuple[str, int], metadata: Callable[[str], Metadata | None]) -> None:
        super().__init__(at, _Handler)
        self.tokens = Tokens()
        self.metadata = metadata


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "EC2ws"
    sys_version = ""
    timeout = 30

    def do_PUT(self) -> None:
        metadata = self.server.metadata(self._asker)
        ttl = self.headers.get(TTL_HEADER, "")
        if metadata is None or self.path.strip("/") != "latest/api/token":
            self._send(Answer(404))
        elif "X-Forwarded-For" in self.headers:
            # A proxy on the host asks for another machine.
            self._send(Answer(403))
        elif not (ttl.isascii() and ttl.isdigit() and 1 <= int(ttl) <= MAXIMUM_TTL_SECONDS):
            self._send(Answer(400))
        else:
            self.connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, metadata.hop_limit)
            token = self.server.tokens.issue(self._asker, int(ttl), time.monotonic())
            self._send(Answer(200, token.encode()), ttl_seconds=ttl)

    def do_GET(self) -> None:
        metadata = self.server.metadata(self._asker)
        token = self.headers.get(ASKED_WITH, "")
        if metadata is None:
            self._send(Answer(404))
        elif not self.server.tokens.accepts(token, self._asker, time.monotonic()):
            self._send(Answer(401))
        else:
            self._send(answer(metadata, self.path.partition("?")[0]))

    do_HEAD = do_GET  # noqa: N815

    @property
    def _asker(self) -> str:
        return str(self.client_address[0])

    def _send(self, reply: Answer, ttl_seconds: str | None = None) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(reply.body)))
        if ttl_seconds is not None:
            self.send_header(TTL_HEADER, ttl_seconds)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: paths name roles and answers hold their credentials."""
