"""Looks at the registry as a client does: DNS, TCP, TLS, catalog, login, a manifest. Time and bytes are bounded."""

import base64
import hashlib
import queue
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from lambdas.see.http_answer import (
    LONGEST_ANSWER_BYTES,
    NO_ANSWER_IN_TIME,
    NO_END_IN_TIME,
    TOO_LONG,
    Answer,
    read_answer,
)

DNS_SECONDS = 5
CONNECT_SECONDS = 5
# As long as Docker waits for a handshake (Go's net/http), and for the answer to `/v2/` (moby, PingV2Registry): a
# client that gets both within these times is served.
HANDSHAKE_SECONDS = 10
CLIENT_SECONDS = 15
ANSWER_SECONDS = 10
_LONGEST_READ_BYTES = 16_384
# One S3 request at any size of the registry, and 500 if S3 refuses it: `last` becomes S3's StartAfter, and no name of a
# repository sorts after `~`, so S3 lists one empty page. Without `last`, the registry lists all keys of its first
# repository, n=1 or not (distribution 3.1, registry/storage/catalog.go): 17 s for 56,000 tags.
CATALOG = "/v2/_catalog?n=1&last=~"
# Nobody pushed it, so the registry must ask S3 before it can say so.
NO_MANIFEST = "health:none"
# As Docker and containerd ask: the registry gives a manifest only to clients that accept its type.
_ACCEPT = ", ".join(
    (
        "application/json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
    )
)

Port = Literal["open", "refused", "silent"]
Trust = Literal["ok", "expired", "wrong-name", "self-signed", "untrusted", "no-handshake"]
# https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error/
_TRUST: dict[int, Trust] = {9: "expired", 10: "expired", 18: "self-signed", 62: "wrong-name"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    domain_name: str
    address: str
    port: int = 443


@dataclass(frozen=True, slots=True)
class Login:
    name: str
    password: str


@dataclass(frozen=True, slots=True)
class Names:
    addresses: tuple[str, ...] = ()
    """Of the A and the AAAA records."""

    problem: str = ""


@dataclass(frozen=True, slots=True)
class Served:
    """The certificate on port 443. Its dates are known only if clients trust it."""

    trust: Trust
    fingerprint: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None
    problem: str = ""

    @property
    def is_late(self) -> bool:
        return self.problem == NO_ANSWER_IN_TIME

    @property
    def lifetime(self) -> timedelta | None:
        return self.not_after - self.not_before if self.not_after and self.not_before else None

    def days_left(self, now: datetime) -> float | None:
        return (self.not_after - now).total_seconds() / 86400 if self.not_after else None

    def life_left(self, now: datetime) -> float | None:
        """The part of the lifetime that is left: 1 for a new certificate, 0 or less for an expired one."""
        return (self.not_after - now) / self.lifetime if self.not_after and self.lifetime else None


@dataclass(frozen=True, slots=True)
class Pull:
    """A client's first two requests of a pull, with the health user's login."""

    login: Answer
    manifest: Answer
    name: str = NO_MANIFEST
    """The manifest, as ``repository:tag``."""


@dataclass(frozen=True, slots=True)
class Outside:
    """``None`` where nothing was asked, because an earlier step failed."""

    names: Names
    port_443: Port
    port_80: Port | None = None
    served: Served | None = None
    anonymous: Answer | None = None
    catalog: Answer | None = None
    pull: Pull | None = None
    milliseconds: int = 0

    @property
    def answers(self) -> tuple[Answer, ...]:
        """To what was asked over HTTP."""
        pulled = (self.pull.login, self.pull.manifest) if self.pull else ()
        return tuple(each for each in (self.anonymous, self.catalog, *pulled) if each is not None)


def probe(
    endpoint: Endpoint, login: Login | None, manifest: str = "", *, trust: ssl.SSLContext | None = None
) -> Outside:
    """Ask the registry's own address, even if DNS names another: an answer from elsewhere proves nothing.

    The login is sent only over a connection whose certificate is the registry's. Ends within 75 seconds.
    """
    began = time.monotonic()
    names = resolve(endpoint.domain_name)
    port_443 = connect(endpoint.address, endpoint.port)
    if port_443 != "open":
        return Outside(names, port_443, port_80=connect(endpoint.address, 80), milliseconds=_since(began))
    trust = trust or ssl.create_default_context()
    served = look_at_certificate(endpoint, trust)
    if served.trust != "ok":
        return Outside(names, port_443, served=served, milliseconds=_since(began))
    anonymous = get(endpoint, "/v2/", None, ANSWER_SECONDS, trust)
    if login is None:
        return Outside(names, port_443, None, served, anonymous, milliseconds=_since(began))
    catalog = get(endpoint, CATALOG, login, ANSWER_SECONDS, trust)
    pulled = pull(endpoint, login, manifest, trust=trust)
    return Outside(names, port_443, None, served, anonymous, catalog, pulled, _since(began))


def pull(endpoint: Endpoint, login: Login | None, manifest: str = "", *, trust: ssl.SSLContext | None = None) -> Pull:
    """Ask for ``/v2/`` and for one manifest by its tag, ``repository:tag``. Ends within 30 seconds.

    By its tag, because that proves the registry and S3: the front door answers a manifest by digest from its own cache.
    A tag that was deleted since proves as much (:attr:`Answer.serves_manifest`).
    """
    trust = trust or ssl.create_default_context()
    name = manifest or NO_MANIFEST
    repository, _, tag = name.rpartition(":")
    return Pull(
        get(endpoint, "/v2/", login, CLIENT_SECONDS, trust),
        get(endpoint, f"/v2/{repository}/manifests/{tag}", login, CLIENT_SECONDS, trust),
        name,
    )


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def resolve(name: str) -> Names:
    """In a thread, because the system's resolver has no time limit."""
    found: queue.SimpleQueue[Names] = queue.SimpleQueue()
    threading.Thread(target=lambda: found.put(_ask_resolver(name)), daemon=True).start()
    try:
        return found.get(timeout=DNS_SECONDS)
    except queue.Empty:
        return Names(problem=f"no answer in {DNS_SECONDS} s")


def _ask_resolver(name: str) -> Names:
    try:
        found = socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return Names(problem=getattr(error, "strerror", None) or str(error))
    # IPv6 first, as clients and Let's Encrypt try them.
    # https://letsencrypt.org/docs/ipv6-support/
    addresses = {(family != socket.AF_INET6, str(address[0])) for family, *_, address in found}
    return Names(tuple(address for _, address in sorted(addresses)))


def connect(address: str, port: int) -> Port:
    try:
        socket.create_connection((address, port), timeout=CONNECT_SECONDS).close()
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "silent"
    return "open"


def look_at_certificate(endpoint: Endpoint, trust: ssl.SSLContext, *, seconds: float = HANDSHAKE_SECONDS) -> Served:
    try:
        with _handshake(endpoint, trust, seconds) as connection:
            certificate = connection.getpeercert() or {}
            return Served(
                "ok",
                _fingerprint(connection),
                _moment(certificate.get("notBefore")),
                _moment(certificate.get("notAfter")),
            )
    except ssl.SSLCertVerificationError as error:
        return Served(
            _TRUST.get(error.verify_code, "untrusted"), _any_fingerprint(endpoint), problem=error.verify_message
        )
    except OSError as error:
        return Served("no-handshake", problem=_named(error))


def _any_fingerprint(endpoint: Endpoint) -> str:
    """The fingerprint of an untrusted certificate, to compare with the host's disk. No request is sent."""
    careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    careless.check_hostname = False
    careless.verify_mode = ssl.CERT_NONE
    try:
        with _handshake(endpoint, careless, HANDSHAKE_SECONDS) as connection:
            return _fingerprint(connection)
    except OSError:
        return ""


def _handshake(endpoint: Endpoint, context: ssl.SSLContext, seconds: float) -> ssl.SSLSocket:
    """Connect and shake hands within ``seconds`` together."""
    deadline = time.monotonic() + seconds
    address = (endpoint.address, endpoint.port)
    plain = socket.create_connection(address, timeout=min(CONNECT_SECONDS, seconds))
    try:
        plain.settimeout(max(deadline - time.monotonic(), 0.001))
        return context.wrap_socket(plain, server_hostname=endpoint.domain_name)
    except BaseException:
        plain.close()
        raise


def _fingerprint(connection: ssl.SSLSocket) -> str:
    return hashlib.sha256(connection.getpeercert(binary_form=True) or b"").hexdigest()


def _moment(text: object) -> datetime | None:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(text)), UTC) if text else None


def _named(error: OSError) -> str:
    return NO_ANSWER_IN_TIME if isinstance(error, TimeoutError) else str(error) or type(error).__name__


def get(endpoint: Endpoint, path: str, login: Login | None, seconds: float, trust: ssl.SSLContext) -> Answer:
    """One GET request. Redirects are not followed."""
    deadline = time.monotonic() + seconds
    try:
        with _handshake(endpoint, trust, seconds) as connection:
            connection.settimeout(max(deadline - time.monotonic(), 0.001))
            connection.sendall(_request(endpoint.domain_name, path, login))
            return _receive(connection, deadline)
    except OSError as error:
        return Answer(problem=_named(error))


def _request(domain_name: str, path: str, login: Login | None) -> bytes:
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {domain_name}",
        "User-Agent: registry-health-check",
        f"Accept: {_ACCEPT}",
        "Connection: close",
    ]
    if login:
        credentials = base64.b64encode(f"{login.name}:{login.password}".encode()).decode()
        lines.append(f"Authorization: Basic {credentials}")
    return "\r\n".join([*lines, "", ""]).encode()


def _receive(connection: ssl.SSLSocket, deadline: float) -> Answer:
    """Each read gets the rest of the whole time: a server that sends a byte a second cannot prolong it."""
    received = bytearray()
    while len(received) < LONGEST_ANSWER_BYTES:
        left = deadline - time.monotonic()
        if left <= 0:
            return read_answer(bytes(received), problem=NO_END_IN_TIME)
        connection.settimeout(left)
        try:
            piece = connection.recv(_LONGEST_READ_BYTES)
        except TimeoutError:
            return read_answer(bytes(received), problem=NO_END_IN_TIME)
        except OSError as error:
            return read_answer(bytes(received), problem=_named(error))
        if not piece:
            return read_answer(bytes(received))
        received += piece
    return read_answer(bytes(received), problem=TOO_LONG)
