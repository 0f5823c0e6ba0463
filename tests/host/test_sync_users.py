"""`sync-users`: from Parameter Store's answers to the password files, and what it says about it."""

import json
from collections.abc import Iterable

import pytest

from tests.host.conftest import Relocate
from tests.host.relocated import DOMAIN, Answer, RelocatedHost, read

PATH = f"/registry/{DOMAIN}/users"
LONGEST_OUTPUT = 2_000


@pytest.fixture
def host(relocate: Relocate) -> RelocatedHost:
    return relocate("bin/aws-api")


def parameters(names: Iterable[str], value: str = "a password") -> str:
    found = [
        {"Name": f"{PATH}/{name}", "Value": value, "Version": 1, "LastModifiedDate": 1} for name in names
    ]
    return json.dumps({"Parameters": found})


HASH = Answer("^htpasswd", "user:$2y$10$" + "a" * 53 + "\n")
LISTED = "^aws-api ssm GetParametersByPath"


def created(host: RelocatedHost) -> int:
    return sum(call.startswith("aws-api ssm PutParameter") for call in host.calls())


def test_the_first_host_makes_the_first_login_and_the_health_user(host: RelocatedHost) -> None:
    host.answer(
        HASH,
        Answer("^aws-api ssm PutParameter", gives="users"),
        Answer(LISTED, parameters(["push/admin", "pull/health"]), needs="users"),
        Answer(LISTED, parameters([])),
    )
    said = host.run("bin/sync-users", "first-login").stdout
    assert "creating the user push/admin" in said
    assert "creating the user pull/health" in said
    assert created(host) == 2
    pull = (host.root / "etc/registry/users/pull").read_text()
    assert [line.partition(":")[0] for line in pull.splitlines()] == ["+host", "admin", "health"]


def test_a_deleted_health_user_is_made_again_and_no_login_with_it(host: RelocatedHost) -> None:
    host.answer(HASH, Answer(LISTED, parameters(["pull/anna"])))
    said = host.run("bin/sync-users", "first-login").stdout
    assert created(host) == 1
    assert "pull/health" in said
    assert "push/admin" not in said


def test_a_first_boot_that_ended_between_the_two_is_made_good(host: RelocatedHost) -> None:
    host.answer(HASH, Answer(LISTED, parameters(["pull/health"])))
    said = host.run("bin/sync-users", "first-login").stdout
    assert created(host) == 1
    assert "push/admin" in said


def test_a_user_that_another_host_made_at_the_same_time_is_no_failure(host: RelocatedHost) -> None:
    refusal = "aws-api: ssm PutParameter: HTTP 400 ParameterAlreadyExists: The parameter already exists.\n"
    host.answer(HASH, Answer("PutParameter", complains=refusal, code=4), Answer(LISTED, parameters([])))
    assert host.run("bin/sync-users", "first-login").returncode == 0


def test_nothing_is_made_unless_asked_for(host: RelocatedHost) -> None:
    host.answer(HASH, Answer(LISTED, parameters([])))
    assert host.lines("bin/sync-users")["users"] == "0"
    assert created(host) == 0


@pytest.mark.parametrize("value", ["a password", "$2y$10$malformed"])
def test_what_it_says_about_200_users_is_short(host: RelocatedHost, value: str) -> None:
    names = [f"pull/somebody-with-a-long-name-{number}" for number in range(200)]
    host.answer(HASH, Answer(LISTED, parameters(names, value)))
    done = host.run("bin/sync-users")
    assert done.returncode == 0
    assert len(done.stdout) < LONGEST_OUTPUT
    said = read(done.stdout)
    refused = value.startswith("$2")
    assert said["users"] == ("0" if refused else "200")
    assert said["refused"].startswith("pull/somebody-with-a-long-name-0 pull/" if refused else "")
    assert bool(said["refused"]) == refused
