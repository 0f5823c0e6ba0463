"""The real front door, login check and `sync-users`: how long a login is good after it was revoked."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from rehearsal.contract.product import USERDATA
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.golden_root import golden
from rehearsal.room import door
from rehearsal.room.furnished import furnished
from rehearsal.room.isolation import Room
from tests.support.door_client import Client

SLOW_LOGIN_CHECK = Path(__file__).parents[1] / "support/slow_login_check.py"
SOCKET = "/run/registry-auth/auth.sock"
PATH = "/registry/registry.example.com"
# Python's web server stands in for the registry: it has no such file, and does not know POST.
LET_IN, LET_IN_TO_PUSH, REFUSED, UNCHECKED = 404, 501, 401, 503


@dataclass(frozen=True, slots=True)
class Door:
    room: Room

    def status(self, password: str, method: str = "GET") -> int:
        """Of Anna's request."""
        return Client(self.room).ask("/v2/a", "--request", method, user="anna", password=password).status

    def sync(self, **password_of: str) -> None:
        """`sync-users` with these push users in Parameter Store. The password stands for the parameter's version."""
        found = [
            {"Name": f"{PATH}/users/push/{name}", "Value": value, "Version": value, "LastModifiedDate": 1}
            for name, value in password_of.items()
        ]
        self.room.place("/srv/parameters").write_text(json.dumps({"Parameters": found}))
        self.room.run("/opt/registry/bin/sync-users")

    @contextmanager
    def nobody_checks(self) -> Iterator[None]:
        self.room.stop("auth")
        try:
            yield
        finally:
            door.start_login_check(self.room)


@pytest.fixture(scope="module")
def opened() -> Iterator[Door]:
    workplace = Workplace.of_this_machine()
    if os.geteuid() != 0:
        pytest.skip("the front door's real nginx needs root, to enter the rehearsal's Debian root")
    if not any((workplace.cache / "roots").glob("*-base-*")):
        pytest.skip("the front door's real nginx needs the rehearsal's Debian root: run `make rehearse` once")
    root = golden(workplace, lambda _: None)
    if not root.layers[0].is_dir():
        pytest.skip("the front door's real nginx needs what a rehearsal installed: run `make rehearse` once")
    with furnished(root, {}) as room:
        shutil.copytree(USERDATA, room.place("/opt/registry"), dirs_exist_ok=True)
        room.place("/etc/registry/host.env").write_text(f"PARAMETER_PATH={PATH}\n")
        stand_in = "#!/bin/sh\ncat > /dev/null\ncat /srv/parameters\n"
        room.place("/opt/registry/tools/aws-api").write_text(stand_in)
        room.run("mkdir", "/srv/empty")
        serve = ["python3", "-m", "http.server", "--bind=127.0.0.1", "5000"]
        room.start("registry", "env", "--chdir=/srv/empty", *serve)
        room.wait_for("registry", "127.0.0.1:5000")
        opened = Door(room)
        opened.sync(anna="first")
        door.start_door(room)
        yield opened


@pytest.fixture(autouse=True)
def early_in_a_minute() -> None:
    """A checked login is good until its minute ends."""
    if (left := 60 - time.time() % 60) < 8:
        time.sleep(left)


def test_a_checked_login_stays_good_while_the_login_check_is_down(opened: Door) -> None:
    opened.sync(anna="first", ben="other")
    assert (opened.status("first"), opened.status("first", "POST")) == (LET_IN, LET_IN_TO_PUSH)
    with opened.nobody_checks():
        assert (opened.status("first"), opened.status("first", "POST")) == (LET_IN, LET_IN_TO_PUSH)


def test_adding_a_user_forgets_no_login(opened: Door) -> None:
    opened.sync(anna="first", ben="other")
    assert opened.status("first") == LET_IN
    with opened.nobody_checks():
        opened.sync(anna="first", ben="other", cora="new")
        assert opened.status("first") == LET_IN


def test_the_old_password_is_refused_right_after_the_sync(opened: Door) -> None:
    opened.sync(anna="first", ben="other", cora="new")
    assert (opened.status("first"), opened.status("first", "POST")) == (LET_IN, LET_IN_TO_PUSH)
    opened.sync(anna="second", ben="other", cora="new")
    seen = [opened.status("first"), opened.status("first", "POST"), opened.status("second")]
    assert seen == [REFUSED, REFUSED, LET_IN]


def test_a_revoked_user_is_refused_until_added_again(opened: Door) -> None:
    opened.sync(anna="second", ben="other", cora="new")
    assert (opened.status("second"), opened.status("second", "POST")) == (LET_IN, LET_IN_TO_PUSH)
    opened.sync(ben="other", cora="new")
    assert (opened.status("second"), opened.status("second", "POST")) == (REFUSED, REFUSED)
    opened.sync(anna="second", ben="other", cora="new")
    assert opened.status("second") == LET_IN


def test_nginx_logs_no_critical_error(opened: Door) -> None:
    log = opened.room.place("/var/log/nginx/error.log").read_text().splitlines()
    assert [line for line in log if "[crit]" in line or " js: " in line] == []


@pytest.mark.parametrize("restarted", [False, True], ids=["reloaded", "restarted"])
def test_a_forgotten_login_stays_forgotten_when_nginx_is(opened: Door, restarted: bool) -> None:
    opened.sync(anna="second", ben="other", cora="new")
    assert opened.status("second") == LET_IN
    opened.sync(anna="second", cora="new")
    with opened.nobody_checks():
        if restarted:
            opened.room.stop("nginx")
            opened.room.start("nginx", "nginx", "-g", "daemon off;")
            opened.room.wait_for("nginx", "127.0.0.1:443")
        else:
            opened.room.run("nginx", "-s", "reload")
        assert opened.status("second") == UNCHECKED
    assert opened.status("second") == LET_IN


def test_a_login_under_check_during_the_sync_is_forgotten_too(opened: Door) -> None:
    asked, told, socket = map(opened.room.place, ("/srv/asked", "/srv/told", SOCKET))
    shutil.copy(SLOW_LOGIN_CHECK, opened.room.place("/srv"))
    with opened.nobody_checks(), ThreadPoolExecutor() as threads:
        opened.room.start("slow check", "python3", f"/srv/{SLOW_LOGIN_CHECK.name}")
        wait_for(socket)
        early = threads.submit(opened.status, "a password")
        wait_for(asked)
        opened.room.run("bash", "-c", ". /opt/registry/lib/logins.bash && forget_logins")
        told.write_text("204")
        assert early.result() == LET_IN
        told.write_text("401")
        # The front door believes the answer for a second (lib/logins.bash).
        time.sleep(2)
        assert opened.status("a password") == REFUSED
        opened.room.stop("slow check")
        socket.unlink()


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 20
    while not file.exists():
        assert time.monotonic() < deadline, file
        time.sleep(0.02)
