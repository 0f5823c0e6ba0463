"""The hosts' SSM agents, as Systems Manager sees them: the agent's program on this machine. Needs no root."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from rehearsal.contract.world_network import MESSAGES_PORT
from rehearsal.inside.hosts import ssm_agents
from rehearsal.inside.hosts.ssm_agents import SsmAgents
from rehearsal.machine.roots import IMAGE_FILES

PROGRAM = IMAGE_FILES / "usr/bin/amazon-ssm-agent"
HOST = "i-0host"


@dataclass(frozen=True, slots=True)
class RunningGuest:
    private_ip: str = "127.0.0.1"

    def is_running(self) -> bool:
        return True


class World:
    """One host, and the agents that were started on it."""

    def __init__(self) -> None:
        self.role_lets_it_report = True
        guests: Any = {HOST: RunningGuest()}
        self.agents = SsmAgents(("127.0.0.1", 0), lambda: guests, lambda _: self.role_lets_it_report)
        self._port = self.agents.port
        self.programs: list[subprocess.Popen[bytes]] = []

    def start_agent(self) -> subprocess.Popen[bytes]:
        program = subprocess.Popen([sys.executable, str(PROGRAM), "127.0.0.1", str(self._port)])
        self.programs.append(program)
        deadline = time.monotonic() + 10
        while not self.agents.answers(HOST) and time.monotonic() < deadline:
            time.sleep(0.02)
        return program


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(ssm_agents, "ANSWER_SECONDS", 0.5)
    world = World()
    yield world
    for program in world.programs:
        program.kill()
        program.wait()


def test_an_agent_that_is_connected_answers_and_is_registered(world: World) -> None:
    assert not world.agents.is_registered(HOST)
    world.start_agent()
    assert world.agents.answers(HOST)
    assert world.agents.is_registered(HOST)


def test_an_agent_that_has_ended_does_not_answer_and_stays_registered(world: World) -> None:
    program = world.start_agent()
    program.kill()
    program.wait()
    assert not world.agents.answers(HOST)
    assert world.agents.is_registered(HOST)


def test_a_connection_over_which_nothing_comes_back_is_no_answer(world: World) -> None:
    program = world.start_agent()
    os.kill(program.pid, signal.SIGSTOP)
    assert not world.agents.answers(HOST)


def test_a_restarted_agent_answers_on_its_new_connection(world: World) -> None:
    os.kill(world.start_agent().pid, signal.SIGSTOP)
    world.start_agent()
    assert world.agents.answers(HOST)


def test_an_agent_whose_role_does_not_let_it_report_does_not_answer(world: World) -> None:
    world.role_lets_it_report = False
    program = world.start_agent()
    assert program.poll() is None
    assert not world.agents.answers(HOST)
    assert not world.agents.is_registered(HOST)


def test_the_unit_connects_to_where_systems_manager_listens() -> None:
    unit = (IMAGE_FILES / "etc/systemd/system/amazon-ssm-agent.service").read_text()
    assert re.findall(r"^ExecStart=/usr/bin/amazon-ssm-agent \S+ (\d+)$", unit, re.MULTILINE) == [str(MESSAGES_PORT)]
