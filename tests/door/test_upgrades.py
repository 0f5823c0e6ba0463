"""An upgrade of nginx's package while clients are at work: the host's own scripts, and the real nginx."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rehearsal.contract import product
from rehearsal.room import door
from rehearsal.room.isolation import Room
from tests.support.door_client import FRONT, Client, curl_as, digest_of
from tests.support.door_room import door_room, write_users

UNDER_WAY = "http://127.0.0.1:5080/under-way"
NGINX = "/usr/sbin/nginx"
# A room has no systemd, and a test waits for no second look.
SYSTEMCTL = '#!/bin/sh\n[ "$1" != show ] || case "$*" in *nginx.service) cat /run/nginx.pid;; *) echo 0;; esac\n'


@pytest.fixture(scope="module")
def upgraded() -> Iterator[Client]:
    with door_room() as room:
        shutil.copytree(product.USERDATA, room.place(product.HOME), dirs_exist_ok=True)
        room.place("/etc/registry/host.env").write_text("")
        for program, text in (("systemctl", SYSTEMCTL), ("sleep", "#!/bin/sh\nexec /usr/bin/sleep 0.1\n")):
            place = room.place(f"/usr/local/sbin/{program}")
            place.write_text(text)
            place.chmod(0o755)
        write_users(room)
        client = Client(room)
        client.start_registry()
        door.start_login_check(room)
        # In the background, and by its whole name, as its unit does: otherwise it ignores the signal for an exchange.
        room.start("nginx", NGINX)
        room.wait_for("nginx", "127.0.0.1:443")
        # As dpkg does.
        room.run("cp", NGINX, f"{NGINX}.dpkg-new")
        room.run("mv", f"{NGINX}.dpkg-new", NGINX)
        yield client


@contextmanager
def upload_under_way(client: Client) -> Iterator[subprocess.Popen[bytes]]:
    """An upload in one request that ends only when the block has written to it."""
    begun = client.ask("/v2/team/app/blobs/uploads/", "--request", "POST", user="pusher")
    upload = begun.headers["location"][0].removeprefix(FRONT)
    body = ("--upload-file", "-", "--no-buffer", "--output", "/dev/null", "--write-out", "%{http_code}")
    kind = ("--header", "Content-Type: application/octet-stream")
    command = [*curl_as("pusher"), *kind, *body, f"{FRONT}{upload}&digest={digest_of('first, last')}"]
    with subprocess.Popen(client.room.command(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        process.stdin.write(b"first, ")
        process.stdin.flush()
        while under_way(client.room) < 2:
            assert process.poll() is None
        yield process


def under_way(room: Room) -> int:
    """The question itself is one."""
    return int(room.run("curl", "--silent", "--fail", UNDER_WAY).stdout.split("Writing: ")[1].split()[0])


def end(upload: subprocess.Popen[bytes]) -> bytes:
    said, _ = upload.communicate(b"last")
    return said


def test_an_upload_is_under_way_until_its_end(upgraded: Client) -> None:
    assert under_way(upgraded.room) == 1
    with upload_under_way(upgraded) as upload:
        assert end(upload) == b"201"
    assert under_way(upgraded.room) == 1


def test_a_replaced_nginx_waits_for_the_end_of_an_upload_and_then_goes_on_listening(upgraded: Client) -> None:
    room = upgraded.room
    old = room.place("/run/nginx.pid").read_text()
    with upload_under_way(upgraded) as upload:
        waiting = subprocess.Popen(room.command([product.USE_UPGRADES]))
        assert end(upload) == b"201"
        assert room.place("/run/nginx.pid").read_text() == old
    assert waiting.wait(90) == 0
    assert room.place("/run/nginx.pid").read_text() != old
    assert upgraded.ask("/v2/").status == 200
    assert room.run(product.USE_UPGRADES).stdout == ""
