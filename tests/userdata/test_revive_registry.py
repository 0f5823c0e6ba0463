"""`revive-registry`: a registry that ended while Docker could not hear of it."""

import os

import pytest

from tests.support.relocated_host import Answer, RelocatedHost
from tests.userdata.conftest import Relocate

# Above Linux's largest number of a process.
NOBODY = (1 << 22) + 1


@pytest.fixture
def host(relocate: Relocate) -> RelocatedHost:
    host = relocate("tools/aws-api")
    host.stand_in("id", "echo 990")
    host.write("etc/registry/registry.yml", "")
    host.write("etc/ssl/certs/ca-certificates.crt", "")
    return host


def starts(host: RelocatedHost, inspected: Answer) -> int:
    host.answer(inspected, Answer("^aws-api ssm GetParameter", '{"Parameter": {"Value": "secret"}}'))
    done = host.run("steps/revive-registry")
    assert done.returncode == 0, done.stderr
    return sum(call.startswith("docker run ") for call in host.calls())


def test_a_registry_whose_process_is_gone_is_started_anew(host: RelocatedHost) -> None:
    assert starts(host, Answer("^docker inspect .*State.Pid", str(NOBODY))) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer("^docker inspect .*State.Pid", str(os.getpid())),
        Answer("^docker inspect .*State.Pid", ""),
        Answer("^docker inspect .*State.Pid", code=1),
    ],
    ids=["it runs", "Docker knows that it stopped", "there is none"],
)
def test_any_other_registry_is_left_to_docker(host: RelocatedHost, answer: Answer) -> None:
    assert starts(host, answer) == 0
