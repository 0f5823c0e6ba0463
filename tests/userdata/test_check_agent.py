"""`check-agent`: whether Systems Manager reaches this host."""

import pytest

from tests.support.relocated_host import Answer, RelocatedHost
from tests.userdata.conftest import Relocate

UNIT = "amazon-ssm-agent.service"
INSTANCE = Answer("^aws-api metadata instance-id", "i-0host")
ACTIVE = Answer("^systemctl is-active", "active\n")
CONNECTED = Answer("^aws-api ssm GetConnectionStatus", '{"Status": "connected"}', told='"Target": "i-0host"')
NOT_CONNECTED = Answer("^aws-api ssm GetConnectionStatus", '{"Status": "notconnected"}')


@pytest.fixture
def host(relocate: Relocate) -> RelocatedHost:
    host = relocate("tools/aws-api")
    host.write(f"etc/systemd/system/{UNIT}", "")
    return host


def test_an_agent_that_runs_and_is_connected_is_good(host: RelocatedHost) -> None:
    host.answer(INSTANCE, ACTIVE, CONNECTED)
    done = host.run("steps/check-agent")
    assert (done.returncode, done.stderr) == (0, "")


def test_an_agent_that_connects_late_is_waited_for(host: RelocatedHost) -> None:
    host.answer(
        INSTANCE,
        ACTIVE,
        Answer(CONNECTED.asked, CONNECTED.says, needs="late"),
        NOT_CONNECTED,
        Answer("^sleep", gives="late"),
    )
    assert host.run("steps/check-agent").returncode == 0


def test_an_agent_that_systems_manager_does_not_see_is_named_and_restarted(host: RelocatedHost) -> None:
    host.answer(INSTANCE, ACTIVE, NOT_CONNECTED)
    done = host.run("steps/check-agent")
    assert done.returncode == 1
    assert f"{UNIT} is active, the connection of i-0host is: notconnected" in done.stderr
    assert f"systemctl --no-block restart {UNIT}" in host.calls()


def test_a_stopped_agent_is_started_and_named_if_it_stays_down(host: RelocatedHost) -> None:
    host.answer(INSTANCE, Answer("^systemctl is-active", "failed\n", code=3), CONNECTED)
    done = host.run("steps/check-agent")
    assert done.returncode == 1
    assert f"{UNIT} is failed" in done.stderr
    assert f"systemctl start {UNIT}" in host.calls()


def test_a_refusal_of_aws_is_the_reason(host: RelocatedHost) -> None:
    refused = Answer("^aws-api ssm GetConnectionStatus", complains="AccessDeniedException", code=4)
    host.answer(INSTANCE, ACTIVE, refused)
    assert "AccessDeniedException" in host.run("steps/check-agent").stderr


def test_a_host_without_an_agent_says_so(relocate: Relocate) -> None:
    done = relocate("tools/aws-api").run("steps/check-agent")
    assert (done.returncode, done.stderr) == (1, "this host has no SSM agent\n")
