"""An account in which functions can be deployed, for the tests of what runs them."""

from collections.abc import Iterator

import pytest

from tests.rehearsal.cloud.account import Account, running_account
from tests.rehearsal.cloud.functions import Runtime, with_runtime


@pytest.fixture(scope="module")
def running() -> Iterator[Account]:
    with running_account() as running:
        with_runtime(running)
        yield running


@pytest.fixture
def runtime(running: Account) -> Runtime:
    runtime = Runtime()
    running.cloud.follow_functions(runtime)
    return runtime
