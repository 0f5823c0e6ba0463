"""A job's object in S3: read once, and written by one run only."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lambdas.aws.state_store import AnotherRunError, Stored, recall
from lambdas.judge.memory import HealthMemory
from tests.support.fake_aws import ENVIRONMENT, FakeAws
from tests.support.well_registry import HOST, NOW

LEASE = timedelta(minutes=4)


@pytest.fixture
def aws() -> FakeAws:
    return FakeAws()


def recalled(aws: FakeAws) -> Stored[HealthMemory]:
    return recall(aws.clients.s3, ENVIRONMENT.health_object, HealthMemory, NOW)


@pytest.mark.parametrize("content", [None, b"\xff\x00 garbage", b"{}"])
def test_an_absent_or_unreadable_object_is_a_first_run(aws: FakeAws, content: bytes | None) -> None:
    if content is not None:
        aws.s3.objects[ENVIRONMENT.health_object.key] = ('"x"', content)
    stored = recalled(aws)
    assert stored.memory == HealthMemory.of_a_first_run(NOW)
    changed = replace(stored.memory, served_by=HOST)
    stored.keep(changed, NOW)
    assert recalled(aws).memory == changed


def test_an_unchanged_memory_is_not_written(aws: FakeAws) -> None:
    stored = recalled(aws)
    stored.keep(stored.memory, NOW)
    assert aws.s3.writes == 0


def test_of_two_runs_at_once_one_acts(aws: FakeAws) -> None:
    acted = []

    def act(memory: HealthMemory) -> HealthMemory:
        acted.append(memory)
        with pytest.raises(AnotherRunError, match="acts"):
            late.act_alone(late.memory, act, now=NOW, lease=LEASE)
        return replace(memory, served_by=HOST)

    first, second = recalled(aws), recalled(aws)
    late = replace(first, memory=replace(first.memory, leased_until=NOW + LEASE))
    settled = first.act_alone(first.memory, act, now=NOW, lease=LEASE)
    with pytest.raises(AnotherRunError, match="quicker"):
        second.act_alone(second.memory, act, now=NOW, lease=LEASE)
    assert len(acted) == 1
    assert recalled(aws).memory == settled == replace(first.memory, served_by=HOST)


def test_a_run_that_dies_leaves_its_claim_until_the_lease_is_over(aws: FakeAws) -> None:
    def die(_memory: HealthMemory) -> HealthMemory:
        raise TimeoutError

    stored = recalled(aws)
    with pytest.raises(TimeoutError):
        stored.act_alone(replace(stored.memory, served_by=HOST), die, now=NOW, lease=LEASE)
    claimed = recalled(aws)
    assert claimed.memory.served_by == HOST
    changed = replace(claimed.memory, served_by="i-2")
    with pytest.raises(AnotherRunError):
        claimed.keep(changed, NOW + LEASE - timedelta(seconds=1))
    claimed.keep(changed, NOW + LEASE)
    assert recalled(aws).memory.served_by == "i-2"
