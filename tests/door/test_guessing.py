"""The limit on guesses at one user from one address, and what it costs other users."""

import base64
import itertools
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rehearsal.room import door
from tests.support.door_client import Client

SOCKET = "/run/registry-auth/auth.sock"
# More guesses at once than may wait for a check, and as many as leave room for one more.
TOO_MANY, WAITING = 60, 19
NUMBERS = itertools.count(2)


@pytest.fixture
def behind() -> str:
    """An address without earlier guesses. Clients use it by curl's --interface."""
    return f"127.0.0.{next(NUMBERS)}"


@contextmanager
def guessing(client: Client, threads: int, address: str, user: str = "pusher") -> Iterator[dict[str, int]]:
    """How often each status was the answer. Empty until the end of the block."""
    statuses: dict[str, int] = {}
    argv = client.room.command(client.load("guess", str(threads), address, user))
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdout.readline()
        # The first guesses have to wait by then.
        time.sleep(1)
        try:
            yield statuses
        finally:
            told, _ = running.communicate()
    for each in told.split():
        status, _, count = each.partition(":")
        statuses[status] = int(count)


def add_newcomer(client: Client, password: str) -> None:
    lines = client.room.place("/etc/registry/users/pull").read_text().splitlines()
    hash_of = dict(line.split(":") for line in lines)
    door.write_users(client.room, "pull", hash_of | {"newcomer": door.hash_password(client.room, password)})


def test_guesses_at_one_user_from_one_address_are_limited(client: Client, behind: str) -> None:
    with guessing(client, TOO_MANY, behind) as statuses:
        pass
    assert set(statuses) == {"401", "429"}
    assert statuses["429"] > statuses["401"]


def test_a_request_without_a_login_is_challenged_during_guessing(client: Client, behind: str) -> None:
    with guessing(client, TOO_MANY, behind):
        probes = [client.ask("/v2/", "--interface", behind, user=None) for _ in range(20)]
    assert {probe.status for probe in probes} == {401}
    assert probes[0].headers["www-authenticate"] == ['Basic realm="registry", charset="UTF-8"']


@pytest.mark.parametrize("user", ["pusher", "puller"])
def test_an_earlier_login_is_let_in_during_guessing_beside_it(client: Client, behind: str, user: str) -> None:
    upload = ("/v2/none/blobs/uploads/none", "--request", "DELETE", "--interface", behind)
    assert client.ask("/v2/", user=user).status == 200
    seen = []
    with guessing(client, TOO_MANY, behind):
        for _ in range(5):
            # As at the end of a minute, when cached logins end.
            door.forget(client.room, door.LOGINS)
            seen += [client.ask("/v2/", "--interface", behind, user=user).status]
            seen += [client.ask(*upload, user=user).status]
    assert seen == [200, 404 if user == "pusher" else 403] * 5


def test_a_first_login_is_let_in_after_19_waiting_guesses_at_the_same_user(client: Client, behind: str) -> None:
    add_newcomer(client, "new here")
    with guessing(client, WAITING, behind, "newcomer") as statuses:
        told = client.ask("/v2/", "--interface", behind, user="newcomer", password="new here")  # noqa: S106
    assert told.status == 200
    assert set(statuses) == {"401"}


@pytest.mark.parametrize("guessed", ["pusher", "?"])
def test_a_first_login_is_let_in_during_guessing_at_other_users(client: Client, behind: str, guessed: str) -> None:
    add_newcomer(client, f"new beside {guessed}")
    with guessing(client, TOO_MANY, behind, guessed) as statuses:
        told = client.ask("/v2/", "--interface", behind, user="newcomer", password=f"new beside {guessed}")
    assert told.status == 200
    assert set(statuses) == ({"401"} if guessed == "?" else {"401", "429"})


def test_a_first_login_from_another_address_is_let_in_during_guessing(client: Client, behind: str) -> None:
    add_newcomer(client, "elsewhere")
    with guessing(client, TOO_MANY, behind, "newcomer"):
        assert client.ask("/v2/", user="newcomer", password="elsewhere").status == 200  # noqa: S106


def test_a_revoked_password_counts_as_a_guess(client: Client, behind: str) -> None:
    add_newcomer(client, "the first")
    assert client.ask("/v2/", user="newcomer", password="the first").status == 200  # noqa: S106
    add_newcomer(client, "the second")
    assert client.ask("/v2/", user="newcomer", password="the first").status == 401  # noqa: S106
    login = base64.b64encode(b"newcomer:the first").decode()
    # Straight to the login check, because the front door sends one check of a login at a time.
    at_once = ("curl", "--silent", "--parallel", "--parallel-immediate", "--parallel-max", str(TOO_MANY))
    headers = ("--header", f"Authorization: Basic {login}", "--header", f"X-Real-IP: {behind}")
    to_check = ("--unix-socket", SOCKET, *headers, "--write-out", "%{http_code}\n")
    # The last of the guesses that may wait would be answered after ten seconds.
    patience = ("--max-time", "3", "--output", "/dev/null", "http://localhost/pull")
    told = subprocess.run(client.room.command([*at_once, *to_check, *patience * TOO_MANY]), stdout=subprocess.PIPE)
    assert set(told.stdout.split()) - {b"000"} == {b"401", b"403"}
