"""`sync-users`: from Parameter Store's answers to the password files and its report."""

import json
import re
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.relocated_host import DOMAIN, Answer, RelocatedHost, read
from tests.support.waiting import until
from tests.userdata.conftest import Relocate

PATH = f"/registry/{DOMAIN}/users"
LONGEST_OUTPUT = 2_000


@pytest.fixture
def host(relocate: Relocate) -> RelocatedHost:
    return relocate("tools/aws-api")


def hashed(letter: str) -> str:
    return "$2y$10$" + letter * 53


HASH = Answer("^htpasswd", f"user:{hashed('a')}\n")
LISTED = "^aws-api ssm GetParametersByPath"
Values = Mapping[str, str | tuple[str, int]]


def listed(values: Values, *, needs: str = "") -> Answer:
    """Parameters with their values; a version above 1 follows its value."""
    found = []
    for name, given in values.items():
        value, version = (given, 1) if isinstance(given, str) else given
        found.append({"Name": f"{PATH}/{name}", "Value": value, "Version": version, "LastModifiedDate": 1.5})
    return Answer(LISTED, json.dumps({"Parameters": found}), needs=needs)


def named(*names: str, value: str = "a password", needs: str = "") -> Answer:
    return listed(dict.fromkeys(names, value), needs=needs)


def created(host: RelocatedHost) -> int:
    return sum(call.startswith("aws-api ssm PutParameter") for call in host.calls())


def test_the_first_host_creates_the_first_login_and_the_health_user(host: RelocatedHost) -> None:
    create = Answer("^aws-api ssm PutParameter", gives="users")
    host.answer(HASH, create, named("push/admin", "pull/health", needs="users"), named())
    said = host.run("bin/sync-users", "first-login").stdout
    assert "creating the user push/admin" in said
    assert "creating the user pull/health" in said
    assert created(host) == 2
    pull = (host.root / "etc/registry/users/pull").read_text()
    assert [line.partition(":")[0] for line in pull.splitlines()] == ["+host", "admin", "health"]


@pytest.mark.parametrize(
    ("there", "made"), [("pull/anna", "pull/health"), ("pull/health", "push/admin")], ids=["health user", "first login"]
)
def test_a_missing_first_user_is_created_alone(host: RelocatedHost, there: str, made: str) -> None:
    host.answer(HASH, named(there))
    said = host.run("bin/sync-users", "first-login").stdout
    assert created(host) == 1
    assert [name for name in ("push/admin", "pull/health") if name in said] == [made]


def test_a_user_created_by_another_host_at_the_same_time_is_no_failure(host: RelocatedHost) -> None:
    refusal = "aws-api: ssm PutParameter: HTTP 400 ParameterAlreadyExists: The parameter already exists.\n"
    host.answer(HASH, Answer("PutParameter", complains=refusal, code=4), named())
    assert host.run("bin/sync-users", "first-login").returncode == 0


def test_a_sync_creates_no_user_unless_asked(host: RelocatedHost) -> None:
    host.answer(HASH, named())
    assert host.lines("bin/sync-users")["users"] == "0"
    assert created(host) == 0


@pytest.mark.parametrize("value", ["a password", "$2y$10$malformed"])
def test_the_report_about_200_users_is_short(host: RelocatedHost, value: str) -> None:
    names = [f"pull/somebody-with-a-long-name-{number}" for number in range(200)]
    host.answer(HASH, named(*names, value=value))
    done = host.run("bin/sync-users")
    assert done.returncode == 0
    assert len(done.stdout) < LONGEST_OUTPUT
    said = read(done.stdout)
    refused = value.startswith("$2")
    assert said["users"] == ("0" if refused else "200")
    assert said["refused"].startswith("pull/somebody-with-a-long-name-0 pull/" if refused else "")
    assert bool(said["refused"]) == refused


def sync(host: RelocatedHost, values: Values, *first: Answer) -> dict[str, str]:
    """With Parameter Store as it is now."""
    host.answer(*first, HASH, listed(values))
    done = host.run("bin/sync-users")
    assert done.returncode == 0, done.stderr
    return read(done.stdout)


def file_of(host: RelocatedHost, access: str) -> Path:
    return host.root / "etc/registry/users" / access


def users(host: RelocatedHost, access: str) -> dict[str, str]:
    """Names and hashes as the login check reads them, without the host's own."""
    lines = file_of(host, access).read_text().splitlines()
    found = dict(line.split(":") for line in lines)
    assert len(found) == len(lines)
    assert found.pop("+host")
    return found


def times_forgotten(host: RelocatedHost) -> int:
    """How often nginx was asked to forget the logins it remembers."""
    return sum(bool(re.match("curl .*--request POST .*/forget-logins$", call)) for call in host.calls())


def test_push_users_may_pull_but_pull_users_may_not_push(host: RelocatedHost) -> None:
    sync(host, {"push/anna": hashed("p"), "pull/cluster": hashed("c")})
    assert users(host, "push") == {"anna": hashed("p")}
    assert users(host, "pull") == {"anna": hashed("p"), "cluster": hashed("c")}


def test_a_password_is_hashed_and_a_hash_is_kept(host: RelocatedHost) -> None:
    said = sync(host, {"push/anna": "a: password with $2y$10$ in it", "push/ben": hashed("b")})
    assert users(host, "push") == {"anna": hashed("a"), "ben": hashed("b")}
    assert sum(call.startswith("htpasswd") for call in host.calls()) == len(("+host", "anna"))
    assert "password" not in "".join(host.calls())
    assert (said["users"], said["refused"]) == ("2", "")


def test_a_changed_password_replaces_the_old_one(host: RelocatedHost) -> None:
    sync(host, {"push/anna": "old"})
    new = Answer("^htpasswd", f"user:{hashed('n')}\n", told="^new$")
    said = sync(host, {"push/anna": ("new", 2)}, new)
    assert users(host, "push") == users(host, "pull") == {"anna": hashed("n")}
    assert said["changed"] == "true"


def test_a_user_deleted_and_created_again_has_the_new_password(host: RelocatedHost) -> None:
    sync(host, {"push/anna": "old"})
    sync(host, {})
    new = Answer("^htpasswd", f"user:{hashed('n')}\n", told="^new$")
    sync(host, {"push/anna": "new"}, new)
    assert users(host, "push") == {"anna": hashed("n")}


def test_a_removed_user_is_out_and_without_users_only_the_host_is_in(host: RelocatedHost) -> None:
    sync(host, {"push/anna": "one", "pull/ben": "two"})
    sync(host, {"pull/ben": "two"})
    assert (users(host, "push"), set(users(host, "pull"))) == ({}, {"ben"})
    assert sync(host, {})["users"] == "0"
    assert users(host, "push") == users(host, "pull") == {}


def test_a_user_is_moved_from_push_to_pull(host: RelocatedHost) -> None:
    sync(host, {"push/anna": hashed("p")})
    sync(host, {"pull/anna": hashed("p")})
    assert (users(host, "push"), users(host, "pull")) == ({}, {"anna": hashed("p")})


@pytest.mark.parametrize("order", [("push/anna", "pull/anna"), ("pull/anna", "push/anna")])
def test_a_name_below_push_and_pull_has_the_push_password(host: RelocatedHost, order: tuple[str, str]) -> None:
    value = {"push/anna": hashed("p"), "pull/anna": hashed("u")}
    said = sync(host, {name: value[name] for name in order})
    assert users(host, "push") == users(host, "pull") == {"anna": hashed("p")}
    assert said["refused"] == "pull/anna"


def test_a_user_name_may_have_every_character_of_a_parameter_name(host: RelocatedHost) -> None:
    # https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
    names = ["a.b", "-n", "-rf", "_", ".hidden", "..", "0", "UPPER-case_1.2", "x" * 200, "push", "pull"]
    said = sync(host, {f"push/{name}": hashed("o") for name in names})
    assert users(host, "push") == dict.fromkeys(names, hashed("o"))
    assert said["refused"] == ""


def test_a_parameter_not_directly_below_push_or_pull_is_no_user(host: RelocatedHost) -> None:
    said = sync(host, {"push/team/anna": "x", "admin/ben": "x", "cora": "x", "pull/dora": "x"})
    assert set(users(host, "pull")) == {"dora"}
    assert said["refused"] == "push/team/anna admin/ben cora"


OTHER_HASHES = ("$2x$10$" + "a" * 53, "$2y$03$" + "a" * 53, "$2y$15$" + "a" * 53)
UNUSABLE = {
    **dict.fromkeys(("$2", "$2y$10$" + "a" * 52, "$2y$10$" + "a" * 54, *OTHER_HASHES), "malformed"),
    "$2y$10$" + "a" * 52 + ":": "malformed",
    **dict.fromkeys((hashed("a") + "\n", "two\nlines:$2y$10$", "a\ttab"), "control character"),
    **dict.fromkeys(("x" * 73, "ä" * 37), "longer than 72 bytes"),
    "": "empty",
}


def test_an_unusable_value_refuses_its_user_only_and_names_the_reason(host: RelocatedHost) -> None:
    bad = {f"pull/bad-{number:02}": value for number, value in enumerate(UNUSABLE)}
    said = sync(host, {"push/anna": hashed("p"), **bad, "pull/zoe": hashed("z")})
    assert users(host, "push") == {"anna": hashed("p")}
    assert users(host, "pull") == {"anna": hashed("p"), "zoe": hashed("z")}
    assert said["refused"].split() == list(bad)
    assert said["refused_user"].startswith("pull/bad-04: the bcrypt hash is malformed")
    remembered = (host.root / "var/lib/registry/users.tsv").read_text().splitlines()
    reasons = [line.split("\t")[2] for line in remembered if line.startswith("pull/bad-")]
    assert [why in reason for why, reason in zip(UNUSABLE.values(), reasons, strict=True)] == [True] * 13


def test_a_user_with_a_malformed_hash_is_out_until_it_is_right(host: RelocatedHost) -> None:
    sync(host, {"push/anna": hashed("p")})
    sync(host, {"push/anna": ("$2y$10$short", 2)})
    assert users(host, "push") == {}
    sync(host, {"push/anna": (hashed("q"), 3)})
    assert users(host, "push") == {"anna": hashed("q")}


ENCRYPTED = Answer(LISTED, complains="asked for a decrypted value\n", code=1, told='"WithDecryption":true')


def test_values_are_decrypted_only_where_one_is_new(host: RelocatedHost) -> None:
    values = {"push/anna": "secret", "pull/mallory": "$2y$10$short", "elsewhere": "x"}
    sync(host, values)
    said = sync(host, values, ENCRYPTED)
    assert set(users(host, "push")) == {"anna"}
    assert (said["changed"], said["refused"]) == ("false", "pull/mallory elsewhere")


def test_a_value_that_cannot_be_decrypted_refuses_its_user_only(host: RelocatedHost) -> None:
    sync(host, {"push/anna": hashed("p"), "push/ben": hashed("b"), "pull/cora": hashed("c")})
    now = listed({"push/anna": hashed("p"), "push/ben": ("with another key", 2)})
    host.answer(ENCRYPTED, HASH, now)
    done = host.run("bin/sync-users")
    assert done.returncode == 1
    assert "refused_user=push/ben: its value cannot be decrypted" in done.stdout
    assert users(host, "push") == users(host, "pull") == {"anna": hashed("p")}
    host.answer(HASH, listed({"push/anna": hashed("p"), "push/ben": ("with the right key", 2)}))
    assert host.run("bin/sync-users").returncode == 0
    assert users(host, "push") == {"anna": hashed("p"), "ben": hashed("a")}


def pages(count: int) -> tuple[list[Answer], dict[str, str]]:
    """Of ten users each, asked for one after the other; and all users."""
    expected = {f"user-{number:03}": hashed("h") for number in range(count * 10)}
    names = sorted(expected)
    answers = []
    for page in range(count):
        body = json.loads(listed({f"pull/{name}": hashed("h") for name in names[page * 10 :][:10]}).says)
        if page + 1 < count:
            body["NextToken"] = f"page-{page + 1}"
        answers.append(Answer(LISTED, json.dumps(body), told=f'"NextToken":"page-{page}"' if page else ""))
    # The first page is what is asked for without a token.
    return answers[::-1], expected


def test_200_users_come_in_pages_and_are_synced_within_seconds(host: RelocatedHost) -> None:
    answers, expected = pages(20)
    host.answer(HASH, *answers)
    host.run("bin/sync-users")
    assert users(host, "pull") == expected
    before = len(host.calls())
    started = time.monotonic()
    assert host.lines("bin/sync-users")["users"] == "200"
    assert time.monotonic() - started < 15
    assert len(host.calls()) - before == 20


def test_a_missing_page_changes_nothing(host: RelocatedHost) -> None:
    answers, expected = pages(3)
    host.answer(HASH, *answers)
    host.run("bin/sync-users")
    before = times_forgotten(host)
    broken = Answer(LISTED, complains="aws-api: ssm GetParametersByPath: HTTP 500\n", code=1, told="page-2")
    host.answer(HASH, broken, *answers)
    done = host.run("bin/sync-users")
    assert done.returncode == 1
    assert "HTTP 500" in done.stderr
    assert users(host, "pull") == expected
    assert times_forgotten(host) == before


def test_without_parameter_store_a_new_host_can_still_prove_itself(host: RelocatedHost) -> None:
    host.answer(HASH, Answer(LISTED, complains="no answer\n", code=1))
    assert host.run("bin/sync-users", "first-login").returncode == 1
    assert users(host, "push") == users(host, "pull") == {}


def in_background(host: RelocatedHost, *argv: str) -> "subprocess.Popen[str]":
    program = host.home / "bin/sync-users"
    return subprocess.Popen([program, *argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


def one_waits(host: RelocatedHost) -> bool:
    """Whether a sync holds the place behind the one that runs. Read, not tried: a try would take the place."""
    inode = (host.root / "run/registry/sync-users.next").stat().st_ino
    return f":{inode} " in Path("/proc/locks").read_text()


def sync_during_a_change(host: RelocatedHost) -> "subprocess.Popen[str]":
    """A sync of Anna that waits for the flag "go". Meanwhile Ben takes her place in Parameter Store."""
    sync(host, {})
    slow = Answer("^htpasswd", f"user:{hashed('a')}\n", gives="changed", waits_for="go")
    host.answer(slow, listed({"push/ben": hashed("b")}, needs="changed"), listed({"push/anna": "one"}))
    running = in_background(host)
    until(host.flag("changed").exists)
    return running


def test_a_change_during_a_sync_is_read_by_the_next_which_waits(host: RelocatedHost) -> None:
    first, second = sync_during_a_change(host), in_background(host)
    until(lambda: one_waits(host))
    host.flag("go").touch()
    assert second.wait(20) == first.wait(20) == 0
    assert users(host, "push") == {"ben": hashed("b")}


def test_of_many_syncs_at_once_one_runs_one_waits_and_the_others_end(host: RelocatedHost) -> None:
    running = [sync_during_a_change(host)]
    before = host.calls().count("aws-api ssm GetParametersByPath")
    running += [in_background(host) for _ in range(10)]
    until(lambda: sum(each.poll() is not None for each in running) == 9)
    host.flag("go").touch()
    said = [each.communicate(timeout=20)[0] for each in running]
    assert [each.returncode for each in running] == [0] * 11
    assert sum(text.startswith("joined=") for text in said) == 9
    assert host.calls().count("aws-api ssm GetParametersByPath") == before + 2
    assert users(host, "push") == {"ben": hashed("b")}


def test_a_first_boot_never_leaves_its_sync_to_another(host: RelocatedHost) -> None:
    sync(host, {})
    slow = Answer("^htpasswd", f"user:{hashed('a')}\n", gives="slow", waits_for="go")
    host.answer(slow, HASH, listed({"push/anna": "one", "pull/health": hashed("h")}))
    running = [in_background(host)]
    until(host.flag("slow").exists)
    running.append(in_background(host))
    until(lambda: one_waits(host))
    running.append(in_background(host, "first-login"))
    host.flag("go").touch()
    said = [each.communicate(timeout=20)[0] for each in running]
    assert "users=2" in said[-1]
    assert [each.returncode for each in running] == [0, 0, 0]


def test_a_reader_never_sees_half_a_users_file(host: RelocatedHost) -> None:
    sets = [{f"push/{letter}{number}": hashed(letter) for number in range(20)} for letter in "ab"]
    sync(host, sets[0])
    seen: set[str] = set()
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.0005):
            seen.add(file_of(host, "push").read_text())

    reader = threading.Thread(target=look)
    reader.start()
    for turn in range(1, 5):
        sync(host, sets[turn % 2])
    done.set()
    reader.join()
    assert len(seen) == 2
    assert {len(text.splitlines()) for text in seen} == {21}


def test_a_users_file_that_was_not_written_whole_is_never_used(host: RelocatedHost) -> None:
    sync(host, {"push/anna": hashed("p"), "push/ben": hashed("b")})
    before = times_forgotten(host)
    # As `install` on a full disk.
    broken = host.stand_in("install", 'for last; do :; done\nprintf half > "$last"\nexit 1')
    host.answer(HASH, listed({"push/anna": hashed("p")}))
    assert host.run("bin/sync-users").returncode == 1
    assert set(users(host, "push")) == {"anna", "ben"}
    broken.unlink()
    sync(host, {"push/anna": hashed("p")})
    assert set(users(host, "push")) == {"anna"}
    assert times_forgotten(host) == before + 1


@pytest.mark.parametrize(
    ("changed", "forgotten"),
    [
        ({"push/anna": (hashed("q"), 2), "pull/ben": hashed("b")}, True),
        ({"push/anna": hashed("p")}, True),
        ({"pull/anna": hashed("p"), "pull/ben": hashed("b")}, True),
        ({"push/anna": ("$2y$10$short", 2), "pull/ben": hashed("b")}, True),
        ({"push/anna": hashed("p"), "pull/ben": hashed("b")}, False),
        ({"push/anna": hashed("p"), "pull/ben": hashed("b"), "pull/cora": hashed("c")}, False),
        ({"push/anna": hashed("p"), "push/ben": hashed("b")}, False),
    ],
    ids=["changed", "revoked", "may only pull now", "refused now", "nothing", "added", "may push now"],
)
def test_logins_are_forgotten_if_one_of_them_changed(host: RelocatedHost, changed: Values, forgotten: bool) -> None:
    sync(host, {"push/anna": hashed("p"), "pull/ben": hashed("b")})
    before = times_forgotten(host)
    sync(host, changed)
    assert times_forgotten(host) == before + forgotten


@pytest.mark.parametrize("remembered", [True, False])
def test_a_sync_waits_only_if_logins_are_remembered(host: RelocatedHost, remembered: bool) -> None:
    sync(host, {"push/anna": hashed("p")})
    if remembered:
        host.write("run/nginx/logins/a/login", "")
    sync(host, {})
    assert ("sleep 2" in host.calls()) == remembered


def test_the_next_sync_forgets_the_logins_if_the_last_could_not(host: RelocatedHost) -> None:
    sync(host, {"push/anna": hashed("p")})
    before = times_forgotten(host)
    host.answer(Answer("^curl", code=28), HASH, listed({}))
    assert host.run("bin/sync-users").returncode == 1
    said = sync(host, {})
    assert said["changed"] == "false"
    assert times_forgotten(host) == before + 2


def test_a_stopped_nginx_has_no_logins_to_forget(host: RelocatedHost) -> None:
    sync(host, {"push/anna": hashed("p")})
    sync(host, {}, Answer("^curl", code=7))
    assert users(host, "push") == {}


def test_the_time_of_the_last_sync_is_kept(host: RelocatedHost) -> None:
    synced = host.root / "var/lib/registry/users-synced"
    host.answer(HASH, Answer(LISTED, complains="aws-api: ssm GetParametersByPath: HTTP 400\n", code=4))
    assert host.run("bin/sync-users").returncode
    assert not synced.exists()
    host.answer(HASH, named("pull/anna"))
    assert host.run("bin/sync-users").returncode == 0
    assert synced.exists()
