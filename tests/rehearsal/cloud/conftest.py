"""Emulated accounts: a new one for a test, or one in which functions can be deployed for all tests of a module."""

from collections.abc import Iterator

import pytest

from rehearsal.cloud.ec2.observed import Instance
from rehearsal.cloud.sns.mail import Letter
from tests.support.cloud_account import Account, running_account
from tests.support.cloud_agents import Agents
from tests.support.cloud_functions import Runtime, with_runtime


@pytest.fixture
def account() -> Iterator[Account]:
    with running_account() as running:
        yield running


@pytest.fixture(scope="module")
def running() -> Iterator[Account]:
    with running_account() as running:
        with_runtime(running)
        yield running


@pytest.fixture
def runtime(account: Account) -> Runtime:
    """Of the account in which functions can be deployed."""
    runtime = Runtime()
    account.cloud.engines.functions.run = runtime
    return runtime


@pytest.fixture
def agents(account: Account) -> Agents:
    agents = Agents()
    account.cloud.engines.commands.agents = agents
    return agents


@pytest.fixture
def host(account: Account) -> Instance:
    (instance,) = account.cloud.instances()
    return instance


@pytest.fixture
def letters(account: Account) -> list[Letter]:
    found: list[Letter] = []
    account.cloud.engines.mail.post = found.append
    return found
