"""TLS and HTTP of the front door: Mozilla's intermediate guideline, what is said once, what is never held back."""

import base64
import subprocess
import time

import pytest

from rehearsal.room.room import Room, RoomError
from tests.door.client import PASSWORD_OF, REGISTRY, Client, script
from tests.door.registry_behind import start_registry_behind


def handshake(room: Room, *options: str) -> str:
    return room.run("openssl", "s_client", "-connect", "127.0.0.1:443", *options).stdout


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_tls_1_2_and_1_3_are_spoken(client: Client, version: str) -> None:
    assert "Cipher is" in handshake(client.room, version)


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_older_ones_are_refused(client: Client, version: str) -> None:
    with pytest.raises(RoomError, match=r"alert protocol version|no protocols available"):
        handshake(client.room, version, "-cipher", "ALL:@SECLEVEL=0")


@pytest.mark.parametrize("group", ["X25519MLKEM768", "X25519", "prime256v1", "secp384r1"])
def test_keys_are_exchanged_in_the_groups_of_the_guideline(client: Client, group: str) -> None:
    assert "Cipher is" in handshake(client.room, "-groups", group)


def test_the_hybrid_key_exchange_is_taken_where_it_is_offered(client: Client) -> None:
    assert "X25519MLKEM768" in handshake(client.room, "-tls1_3")


@pytest.mark.parametrize("cipher", ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256"])
def test_ciphers_outside_the_guideline_are_refused(client: Client, cipher: str) -> None:
    with pytest.raises(RoomError):
        handshake(client.room, "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")


def test_a_session_is_resumed(client: Client) -> None:
    assert handshake(client.room, "-tls1_2", "-reconnect").count("Reused, TLSv1.2") == 5


def test_the_login_is_checked_each_time_and_the_registry_asked_each_half_minute(client: Client) -> None:
    client.wait_for_a_fresh_half_minute()
    client.let_the_half_minute_pass()
    with client.counting("/v2/") as asked:
        assert client.ask("/v2/").body == client.ask("/v2/", at=REGISTRY, user=None).body
        assert client.ask("/v2/").status == 200
        assert client.ask("/v2/", password="guessed").status == 401  # noqa: S106
        assert client.ask("/v2/", user=None).status == 401
    # One of them is the test's own.
    assert len(asked) == 2
    room = client.room
    client.let_the_half_minute_pass()
    room.stop("registry")
    try:
        assert client.ask("/v2/").status == 503
    finally:
        start_registry_behind(room)
    assert client.ask("/v2/").status == 200


@pytest.mark.parametrize("path", ["/v2/", "/v2/_catalog", "/", "/v2/none/manifests/1.0"])
@pytest.mark.parametrize("user", [None, "puller"])
def test_headers_are_said_once_and_give_no_version_away(client: Client, path: str, user: str | None) -> None:
    headers = client.ask(path, user=user).headers
    assert headers["server"] == ["nginx"]
    assert headers["strict-transport-security"] == ["max-age=63072000"]
    assert headers["docker-distribution-api-version"] == ["registry/2.0"]
    assert headers["x-content-type-options"] == ["nosniff"]
    assert "x-powered-by" not in headers


@pytest.mark.parametrize(("option", "version"), [("--http2", "2"), ("--http1.1", "1.1")])
def test_http_2_and_1_1_are_spoken(client: Client, option: str, version: str) -> None:
    answer = client.ask("/v2/", option)
    assert (answer.status, answer.http_version) == (200, version)


def test_eight_jobs_behind_one_address_push_a_hundred_layers_each(client: Client) -> None:
    client.room.run("python3", "-", given=script("push_layers.py"))


def test_a_login_in_use_is_checked_again_without_refusing_anybody(client: Client) -> None:
    client.ask("/v2/")
    # The next minute asks for the password anew, from a hundred connections of one address at once.
    time.sleep(max(0.0, 57 - time.time() % 60))
    login = base64.b64encode(f"puller:{PASSWORD_OF['puller']}".encode()).decode()
    # fmt: off
    told = client.room.run(
        "wrk", "--threads=2", "--connections=100", f"--duration={63 - time.time() % 60:.0f}s",
        "--header", f"Authorization: Basic {login}", "https://127.0.0.1/v2/_catalog",
    ).stdout
    # fmt: on
    assert "Requests/sec" in told
    assert "Non-2xx" not in told


def test_an_upload_reaches_the_registry_while_it_is_still_sent(client: Client, room: Room) -> None:
    started = client.ask("/v2/team/slow/blobs/uploads/", "--request", "POST", user="pusher")
    place = started.headers["location"][0]
    room.run("dd", "if=/dev/urandom", "of=/srv/layer", "bs=1M", "count=20")
    # fmt: off
    command = room.command([
        "curl", "--silent", "--cacert", "/etc/registry/tls/fullchain.pem", "--limit-rate", "5M",
        "--resolve", "registry.example.com:443:127.0.0.1", "--user", "pusher:may push and pull",
        "--header", "Content-Type: application/octet-stream", "--request", "PATCH",
        "--data-binary", "@/srv/layer", "--write-out", "%{http_code}", place,
    ], {})
    # fmt: on
    upload = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    while (arrived := bytes_arrived(room)) < 4_000_000:
        assert upload.poll() is None
        time.sleep(0.05)
    held = sum(path.stat().st_size for path in room.place("/var/lib/nginx").rglob("*") if path.is_file())
    code, _ = upload.communicate()
    assert code == "202"
    assert arrived < 20_000_000
    assert held == 0


def bytes_arrived(room: Room) -> int:
    """Of uploads that are not finished."""
    return sum(
        path.stat().st_size for path in room.place("/srv/images").rglob("data") if "_uploads" in str(path)
    )
