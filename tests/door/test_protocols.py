"""Configuration, TLS and HTTP of the front door: Mozilla's intermediate guideline, headers, limits and uploads."""

import base64
import os
import subprocess
import time

import pytest

from rehearsal.room.door import as_auth_user
from rehearsal.room.isolation import Room, RoomError
from tests.support.door_client import PASSWORD_OF, REGISTRY, Client, curl_as

HARMLESS = ("syntax is ok", "test is successful", "[notice]")


def handshake(room: Room, *options: str) -> str:
    return room.run("openssl", "s_client", "-connect", "127.0.0.1:443", *options).stdout


@pytest.mark.parametrize(("file", "user"), [("nginx.conf", ()), ("auth.conf", as_auth_user())])
def test_nginx_accepts_the_file_without_a_warning(room: Room, file: str, user: tuple[str, ...]) -> None:
    done = room.run(*user, "nginx", "-t", "-e", "stderr", "-c", f"/etc/nginx/{file}")
    assert [line for line in done.stderr.splitlines() if not any(words in line for words in HARMLESS)] == []


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_tls_1_2_and_1_3_are_accepted(client: Client, version: str) -> None:
    assert "Cipher is" in handshake(client.room, version)


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_older_tls_versions_are_refused(client: Client, version: str) -> None:
    with pytest.raises(RoomError, match=r"alert protocol version|no protocols available"):
        handshake(client.room, version, "-cipher", "ALL:@SECLEVEL=0")


@pytest.mark.parametrize("group", ["X25519MLKEM768", "X25519", "prime256v1", "secp384r1"])
def test_every_key_exchange_group_of_the_guideline_is_accepted(client: Client, group: str) -> None:
    assert "Cipher is" in handshake(client.room, "-groups", group)


def test_the_hybrid_key_exchange_is_preferred(client: Client) -> None:
    assert "X25519MLKEM768" in handshake(client.room, "-tls1_3")


@pytest.mark.parametrize("cipher", ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256"])
def test_ciphers_outside_the_guideline_are_refused(client: Client, cipher: str) -> None:
    with pytest.raises(RoomError):
        handshake(client.room, "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")


def test_a_tls_session_is_resumed(client: Client) -> None:
    assert handshake(client.room, "-tls1_2", "-reconnect").count("Reused, TLSv1.2") == 5


def test_the_version_check_needs_a_login_each_time_and_the_registry_once_each_half_minute(client: Client) -> None:
    client.begin_half_minute()
    with client.counting("/v2/") as asked:
        assert client.ask("/v2/").body == client.ask("/v2/", at=REGISTRY, user=None).body
        assert client.ask("/v2/").status == 200
        assert client.ask("/v2/", password="guessed").status == 401  # noqa: S106
        assert client.ask("/v2/", user=None).status == 401
    # One of the two is this test's direct request.
    assert len(asked) == 2
    client.begin_half_minute()
    with client.registry_gone():
        # Others wait for it.
        assert client.ask("/v2/", user="health").status == 503
    assert client.ask("/v2/").status == 200


@pytest.mark.parametrize("path", ["/v2/", "/v2/_catalog", "/", "/v2/none/manifests/1.0"])
@pytest.mark.parametrize("user", [None, "puller"])
def test_each_header_is_sent_once_and_reveals_no_version(client: Client, path: str, user: str | None) -> None:
    headers = client.ask(path, user=user).headers
    assert headers["server"] == ["nginx"]
    assert headers["strict-transport-security"] == ["max-age=63072000"]
    assert headers["docker-distribution-api-version"] == ["registry/2.0"]
    assert headers["x-content-type-options"] == ["nosniff"]
    assert "x-powered-by" not in headers


@pytest.mark.parametrize(("option", "version"), [("--http2", "2"), ("--http1.1", "1.1")])
def test_http_2_and_1_1_are_accepted(client: Client, option: str, version: str) -> None:
    answer = client.ask("/v2/", option)
    assert (answer.status, answer.http_version) == (200, version)


def test_eight_jobs_at_one_address_push_a_hundred_layers_each(client: Client) -> None:
    client.room.run(*client.load("push"))


def test_a_cached_login_is_renewed_without_refusing_a_request(client: Client) -> None:
    client.ask("/v2/")
    login = base64.b64encode(f"puller:{PASSWORD_OF['puller']}".encode()).decode()
    wrk = ("wrk", "--threads=2", "--connections=100", "--duration=4s", "--header", f"Authorization: Basic {login}")
    running = subprocess.Popen(client.room.command([*wrk, "https://127.0.0.1/v2/"]), stdout=subprocess.PIPE, text=True)
    # The cached login ends with the minute, while a hundred connections of one address use it.
    while running.poll() is None:
        time.sleep(1)
        client.let_pass(60)
    told, _ = running.communicate()
    assert "Requests/sec" in told
    assert "Non-2xx" not in told


def test_an_upload_is_passed_on_to_the_registry_unbuffered(client: Client, room: Room) -> None:
    started = client.ask("/v2/team/slow/blobs/uploads/", "--request", "POST", user="pusher")
    place = started.headers["location"][0]
    header = ("--header", "Content-Type: application/octet-stream")
    streamed = ("--write-out", "%{http_code}", "--request", "PATCH", "--upload-file", "-")
    command = room.command([*curl_as("pusher"), *header, *streamed, place])
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as upload:
        assert upload.stdin
        upload.stdin.write(os.urandom(5_000_000))
        upload.stdin.flush()
        # The client keeps the rest to itself until the registry has the beginning.
        patience = time.monotonic() + 60
        while bytes_arrived(room) < 4_000_000:
            assert upload.poll() is None
            assert time.monotonic() < patience
            time.sleep(0.05)
        held = sum(path.stat().st_size for path in room.place("/var/lib/nginx").rglob("*") if path.is_file())
        code, _ = upload.communicate(os.urandom(15_000_000))
    assert code == b"202"
    assert held == 0
    assert bytes_arrived(room) == 20_000_000


def bytes_arrived(room: Room) -> int:
    """Bytes of the repository's unfinished uploads in the registry's storage."""
    uploads = room.place("/srv/images/docker/registry/v2/repositories/team/slow/_uploads")
    return sum(path.stat().st_size for path in uploads.rglob("data"))
