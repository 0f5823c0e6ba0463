"""The probe against broken and hostile servers, on this machine's own loopback."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lambdas.see.http_answer import LONGEST_ANSWER_BYTES
from lambdas.see.probe import DNS_SECONDS, Endpoint, Login, connect, get, look_at_certificate, probe, pull, resolve

NAME = "registry.example.com"
SECONDS = 0.1
AMPLE_SECONDS = 5
CATALOG = b'{"repositories":[]}'
WELCOME = b"HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n" + CATALOG
CHALLENGE = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n'
UNKNOWN_BODY = b'{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known to registry"}]}'
UNKNOWN = b"HTTP/1.1 404 No\r\nContent-Length: %d\r\n\r\n%s" % (len(UNKNOWN_BODY), UNKNOWN_BODY)
Serve = Callable[[socket.socket], None]


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate that signs itself, and a client that trusts nothing else."""

    server: ssl.SSLContext
    client: ssl.SSLContext


def identity(folder: Path, name: str, days_left: int = 60) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days_left))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    path = folder / f"{name}{days_left}.pem"
    path.write_bytes(
        pem
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return Identity(server, ssl.create_default_context(cadata=pem.decode()))


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return identity(tmp_path_factory.mktemp("identity"), NAME)


@contextlib.contextmanager
def listening(handle: Callable[[socket.socket], None]) -> Iterator[Endpoint]:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=attempt, args=(connection,), daemon=True).start()

        def attempt(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                handle(connection)

        threading.Thread(target=accept, daemon=True).start()
        yield Endpoint(NAME, "127.0.0.1", listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)


def serving(
    who: Identity, serve: Serve, requests: list[str] | None = None
) -> contextlib.AbstractContextManager[Endpoint]:
    def handle(connection: socket.socket) -> None:
        with who.server.wrap_socket(connection, server_side=True) as encrypted:
            if request := encrypted.recv(4096).decode():
                if requests is not None:
                    requests.append(request)
                serve(encrypted)

    return listening(handle)


def sending(content: bytes) -> Serve:
    return lambda connection: connection.sendall(content)


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 16_384)


def slowly(connection: socket.socket) -> None:
    """A byte every 5 ms: no single wait is long."""
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 5000:
        connection.sendall(bytes([byte]))
        time.sleep(0.005)


@pytest.mark.parametrize(
    ("serve", "shown"),
    [
        (endless, f"HTTP 200, more than {LONGEST_ANSWER_BYTES} bytes"),
        (sending(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"), "HTTP 200"),
        (sending(b"HTTP/1.1 302 Found\r\nLocation: /v2/\r\nContent-Length: 0\r\n\r\n"), "HTTP 302"),
        (sending(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + CATALOG), "HTTP 200, cut short"),
        (sending(b""), "closed without an answer"),
    ],
)
def test_every_answer_is_bounded_and_named(known: Identity, serve: Serve, shown: str) -> None:
    with serving(known, serve) as endpoint:
        answer = get(endpoint, "/v2/", None, AMPLE_SECONDS, known.client)
    assert str(answer) == shown


def test_a_byte_at_a_time_does_not_prolong_the_read(known: Identity) -> None:
    began = time.monotonic()
    with serving(known, slowly) as endpoint:
        answer = get(endpoint, "/v2/", None, SECONDS, known.client)
    assert answer.problem == "no end in time"
    assert time.monotonic() - began < 10 * SECONDS


def test_a_client_is_asked_for_its_login_and_then_gets_catalog_and_manifest(known: Identity) -> None:
    seen: list[str] = []

    def serve(connection: socket.socket) -> None:
        connection.sendall(WELCOME if "Authorization" in seen[-1] else CHALLENGE)

    with serving(known, serve, seen) as endpoint:
        outside = probe(endpoint, Login("health", "secret"), "team/app:1.0", trust=known.client)
    assert (outside.port_443, outside.port_80) == ("open", None)
    assert outside.served is not None
    assert outside.served.trust == "ok"
    assert outside.served.days_left(datetime.now(UTC)) == pytest.approx(60, abs=0.1)
    assert len(outside.served.fingerprint) == 64
    assert outside.anonymous is not None
    assert (outside.anonymous.status, outside.anonymous.challenge) == (401, 'Basic realm="x"')
    assert outside.catalog is not None
    assert outside.catalog.is_catalog
    assert [request.splitlines()[0] for request in seen] == [
        "GET /v2/ HTTP/1.1",
        "GET /v2/_catalog?n=1&last=~ HTTP/1.1",
        "GET /v2/ HTTP/1.1",
        "GET /v2/team/app/manifests/1.0 HTTP/1.1",
    ]
    assert "Authorization" not in seen[0]
    for request in seen[1:]:
        assert "Authorization: Basic aGVhbHRoOnNlY3JldA==" in request
    assert outside.pull
    assert outside.pull.login.lets_in
    assert outside.pull.name == "team/app:1.0"


def test_before_a_client_pulled_a_manifest_that_nobody_pushed_is_asked_for(known: Identity) -> None:
    seen: list[str] = []
    with serving(known, sending(UNKNOWN), seen) as endpoint:
        pulled = pull(endpoint, Login("health", "secret"), trust=known.client)
    assert seen[-1].startswith("GET /v2/health/manifests/none HTTP/1.1")
    assert not pulled.login.lets_in
    assert pulled.manifest.serves_manifest


def test_a_server_that_never_answers_is_late_everywhere_and_holds_up_nothing(
    known: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambdas.see.probe.ANSWER_SECONDS", 2 * SECONDS)
    monkeypatch.setattr("lambdas.see.probe.CLIENT_SECONDS", 3 * SECONDS)
    began = time.monotonic()
    with serving(known, lambda _connection: time.sleep(1)) as endpoint:
        outside = probe(endpoint, Login("health", "secret"), trust=known.client)
    assert outside.served
    assert outside.served.trust == "ok"
    assert [answer.is_late for answer in outside.answers] == [True] * 4
    # Twice ANSWER_SECONDS, twice CLIENT_SECONDS, and the name's look-up.
    assert time.monotonic() - began < 10 * SECONDS + DNS_SECONDS + 1


def test_a_redirect_is_not_followed(known: Identity) -> None:
    seen: list[str] = []
    moved = b"HTTP/1.1 307 Moved\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n"
    with serving(known, sending(moved), seen) as endpoint:
        pulled = pull(endpoint, Login("health", "secret"), trust=known.client)
    assert len(seen) == 2
    assert not pulled.manifest.serves_manifest


def test_a_handshake_takes_no_longer_than_its_request_may(known: Identity) -> None:
    began = time.monotonic()
    with listening(say_nothing) as endpoint:
        answer = get(endpoint, "/v2/", None, SECONDS, known.client)
    assert answer.is_late
    assert time.monotonic() - began < 2 * SECONDS


@pytest.mark.parametrize(
    ("name", "days_left", "trusted", "trust"),
    [(NAME, -1, True, "expired"), ("other.example.com", 60, True, "wrong-name"), (NAME, 60, False, "self-signed")],
)
def test_a_certificate_that_clients_refuse_gets_no_login(
    tmp_path: Path, name: str, days_left: int, trusted: bool, trust: str
) -> None:
    requests: list[str] = []
    who = identity(tmp_path, name, days_left)
    with serving(who, sending(WELCOME), requests) as endpoint:
        client = who.client if trusted else ssl.create_default_context()
        outside = probe(endpoint, Login("health", "secret"), trust=client)
    assert outside.served is not None
    assert outside.served.trust == trust
    assert len(outside.served.fingerprint) == 64
    assert (outside.anonymous, outside.catalog) == (None, None)
    assert requests == []


def say_nothing(connection: socket.socket) -> None:
    connection.recv(4096)
    time.sleep(2 * SECONDS)


@pytest.mark.parametrize(
    "handle", [say_nothing, sending(b"\x16\x03\x03\x00\x40half"), sending(b"HTTP/1.1 400 Bad Request\r\n\r\n")]
)
def test_an_unfinished_handshake_ends(known: Identity, handle: Callable[[socket.socket], None]) -> None:
    with listening(handle) as endpoint:
        served = look_at_certificate(endpoint, known.client, seconds=SECONDS)
    assert served.trust == "no-handshake"
    assert served.problem


def test_a_closed_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert connect("127.0.0.1", port) == "refused"


def test_ipv6_addresses_are_seen_too_and_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_name: str, port: int, family: int = 0, **_hints: int) -> list[tuple[object, ...]]:
        found = [(socket.AF_INET, "203.0.113.7"), (socket.AF_INET6, "2001:db8::1")]
        return [(kind, socket.SOCK_STREAM, 6, "", (ip, port)) for kind, ip in found if family in (0, kind)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    assert resolve(NAME).addresses == ("2001:db8::1", "203.0.113.7")


def test_a_name_without_an_address_says_why() -> None:
    names = resolve("a" * 64 + ".example.com")
    assert names.addresses == ()
    assert names.problem
