"""The front door on Debian 12: nginx 1.22, OpenSSL 3.0, and njs 0.7.9, which has no shared dictionaries. It does
without some features, and is as exact."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from rehearsal.contract import product
from rehearsal.room import door
from rehearsal.room.isolation import Room
from tests.support.door_client import PASSWORD_OF, Client
from tests.support.door_room import door_room

FEATURES = ("http2-directive", "hybrid-key-exchange", "shared-dictionaries")


@pytest.fixture(scope="module")
def older() -> Iterator[Client]:
    with door_room("bookworm") as room:
        shutil.copytree(product.USERDATA, room.place(product.HOME), dirs_exist_ok=True)
        set_passwords(room, **PASSWORD_OF)
        client = Client(room)
        client.start_registry()
        door.start_door(room)
        yield client


def set_passwords(room: Room, **password_of: str) -> None:
    """Without a word to the front door, which remembers logins."""
    hash_of = {name: door.hash_password(room, password) for name, password in password_of.items()}
    for access, names in (("pull", hash_of), ("push", ("pusher",))):
        lines = "".join(f"{name}:{hash_of[name]}\n" for name in names)
        file = f"{product.USERS}/{access}"
        room.place(file).write_text(lines)
        room.run("chown", "registry-auth", file)


def chosen(room: Room) -> dict[str, str]:
    found = room.place("/etc/nginx/features").glob("*/chosen")
    return {link.parent.name: str(link.readlink()) for link in found}


def test_a_host_of_debian_13_has_every_feature(room: Room) -> None:
    assert chosen(room) == dict.fromkeys(FEATURES, "with")


def test_a_host_of_debian_12_does_without_them(older: Client) -> None:
    assert chosen(older.room) == dict.fromkeys(FEATURES, "without")


def test_an_older_host_serves_http_2_with_the_other_key_exchange_groups(older: Client) -> None:
    assert older.ask("/v2/").http_version == "2"
    said = older.room.run("openssl", "s_client", "-connect", "127.0.0.1:443", "-tls1_3").stdout
    assert "Server Temp Key: X25519" in said


def test_an_older_host_keeps_no_manifest(older: Client) -> None:
    pushed = older.push("team/app")
    with older.counting(pushed.path) as asked:
        assert [older.ask(pushed.path).body for _ in range(3)] == [pushed.body] * 3
    assert len(asked) == 3
    older.delete(pushed)
    assert older.ask(pushed.path).status == 404


def test_an_older_host_forgets_a_changed_login_before_forgetting_ends(older: Client) -> None:
    assert older.ask("/v2/", user="puller").status == 200
    set_passwords(older.room, **{**PASSWORD_OF, "puller": "changed"})
    older.room.run(*product.FORGET_LOGINS)
    seen = [older.ask("/v2/", user="puller", password=each).status for each in (PASSWORD_OF["puller"], "changed")]
    set_passwords(older.room, **PASSWORD_OF)
    older.room.run(*product.FORGET_LOGINS)
    assert seen == [401, 200]


def test_an_older_host_lets_many_connections_with_one_login_in(older: Client) -> None:
    pushed = older.push("team/app")
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: older.ask(pushed.path).status, range(90)))
    assert answers == [200] * 90
