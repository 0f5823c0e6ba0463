"""An emulated account in which a deployment would succeed, one for each test that breaks something."""

from collections.abc import Iterator

import pytest

from tests.stacks.conftest import assembly, synthesise
from tests.support.cloud_account import running_account
from tests.support.doctor_account import Patient, patient_of

__all__ = ["assembly", "synthesise"]


@pytest.fixture
def patient() -> Iterator[Patient]:
    with running_account() as account:
        yield patient_of(account)
