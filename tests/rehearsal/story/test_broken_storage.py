"""A registry that cannot reach its bucket: the deployment does not succeed, and the host says why."""

import json
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from rehearsal.machine.machine import find_missing
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.world import World, down, up
from rehearsal.story.step import Story
from rehearsal.story.steps import bootstrap, deploy
from rehearsal.story.story import story_in

WORKPLACE = Workplace.of_this_machine()
MISSING = find_missing(WORKPLACE)
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"THE REHEARSAL DOES NOT RUN: {'; '.join(MISSING)}")
PATIENCE_SECONDS = 90


@pytest.fixture
def story() -> Iterator[Story]:
    world = up(WORKPLACE, print, detached=False)
    try:
        yield story_in(world, print)
    finally:
        down(WORKPLACE)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def stack_is_complete(world: World, name: str) -> bool:
    stacks = world.aws("cloudformation").describe_stacks()["Stacks"]
    return any(stack["StackName"] == name and stack["StackStatus"] == "CREATE_COMPLETE" for stack in stacks)


def host_says(text: str) -> bool:
    return text in (WORKPLACE.run / "events.log").read_text()


def test_deployment_waits_for_a_host_that_may_not_write_and_ends_well_once_it_may(story: Story) -> None:
    bootstrap(story)
    deploying = threading.Thread(target=deploy, args=(story,), daemon=True)
    deploying.start()
    wait_until(lambda: stack_is_complete(story.world, "registry-storage"))
    s3 = story.world.aws("s3")
    bucket = next(each["Name"] for each in s3.list_buckets()["Buckets"] if "images" in each["Name"])
    intended = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    denial = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    statements = [*json.loads(intended)["Statement"], denial]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))

    wait_until(lambda: host_says("the proof failed at the start of an upload"))
    assert deploying.is_alive()
    assert not stack_is_complete(story.world, "registry-host")

    s3.put_bucket_policy(Bucket=bucket, Policy=intended)
    deploying.join(PATIENCE_SECONDS)
    assert stack_is_complete(story.world, "registry-host")
