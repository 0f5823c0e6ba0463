"""The commands that the bench reads from docs/recovery.md."""

import subprocess

import pytest

from bench.region.shell import commands
from bench.region.subject import LOST, USERS
from rehearsal.error import RehearsalError


@pytest.mark.parametrize("heading", [USERS, LOST])
def test_bash_can_read_every_command_of_the_page(heading: str) -> None:
    for block in commands(heading):
        subprocess.run(["/bin/bash", "-n"], input=block, text=True, check=True)


def test_the_commands_go_from_the_copys_region_to_the_deployment() -> None:
    first, *_, last = commands(LOST)
    assert first.startswith("export AWS_REGION=")
    assert last.startswith("npx cdk deploy --all")


def test_users_are_kept_and_brought_back_by_the_last_two_commands() -> None:
    keep, bring_back = commands(USERS)[-2:]
    assert "> users.tsv" in keep
    assert "< users.tsv" in bring_back


def test_a_heading_without_commands_is_named() -> None:
    with pytest.raises(RehearsalError, match="no commands below '# Nothing'"):
        commands("# Nothing")
