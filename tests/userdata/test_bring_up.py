"""`bring-up`: what a host does whose SSM agent is not connected."""

import pytest

from tests.support.relocated_host import Answer, RelocatedHost
from tests.userdata.conftest import Relocate

STEPS = ("run-registry", "prove", "take-address", "check-agent", "check-certificate", "issue-certificate")
NO_AGENT = Answer("^check-agent", complains="this host has no SSM agent\n", code=1)
SERVING = Answer("^docker inspect", "the container\n")


@pytest.fixture
def host(relocate: Relocate) -> RelocatedHost:
    """Everything else is well."""
    host = relocate("bin/sync-users", *(f"steps/{name}" for name in STEPS))
    host.write("etc/registry/tls/fullchain.pem", "certificate")
    return host


def taken(host: RelocatedHost) -> list[str]:
    return [call for call in host.calls() if call.startswith("take-address")]


def test_a_connected_host_takes_the_address_and_is_done(host: RelocatedHost) -> None:
    host.answer(SERVING)
    done = host.run("steps/bring-up")
    assert done.returncode == 0, done.stderr
    assert taken(host) == ["take-address"]
    assert "systemctl stop registry-bring-up.timer" in host.calls()


def test_a_host_without_an_agent_takes_no_other_hosts_address_and_names_the_agent(host: RelocatedHost) -> None:
    host.answer(NO_AGENT, SERVING)
    done = host.run("steps/bring-up")
    assert done.returncode == 1
    assert "not serving yet: the SSM agent: this host has no SSM agent" in done.stderr
    assert taken(host) == ["take-address if-free"]


def test_a_host_that_has_taken_the_address_keeps_serving_without_its_agent(host: RelocatedHost) -> None:
    host.answer(SERVING)
    assert host.run("steps/bring-up").returncode == 0
    host.answer(NO_AGENT, SERVING)
    assert host.run("steps/bring-up").returncode == 1
    assert taken(host) == ["take-address"]
    assert [call for call in host.calls() if call.startswith("run-registry")] == ["run-registry"] * 2
