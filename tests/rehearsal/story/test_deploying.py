"""A deployment whose host may not write to its bucket: it waits, and the host logs the reason."""

import json
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from rehearsal.contract import run_directory
from rehearsal.outside.world import World
from rehearsal.story.deploying import bootstrap, deploy
from rehearsal.story.step import Story
from tests.support.world import WORKPLACE, needs_a_world, running_story

pytestmark = needs_a_world
PATIENCE_SECONDS = 90


@pytest.fixture
def story() -> Iterator[Story]:
    with running_story() as story:
        yield story


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def stack_is_complete(world: World, name: str) -> bool:
    stacks = world.aws("cloudformation").describe_stacks()["Stacks"]
    return any(stack["StackName"] == name and stack["StackStatus"] == "CREATE_COMPLETE" for stack in stacks)


def host_says(text: str) -> bool:
    return text in (WORKPLACE.run / run_directory.EVENTS).read_text()


def test_deployment_waits_until_its_host_may_write_to_the_bucket(story: Story) -> None:
    bootstrap(story)
    deploying = threading.Thread(target=deploy, args=(story,), daemon=True)
    deploying.start()
    wait_until(lambda: stack_is_complete(story.world, "registry-storage"))
    s3 = story.world.aws("s3")
    bucket = next(each["Name"] for each in s3.list_buckets()["Buckets"] if "images" in each["Name"])
    intended = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    denial = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    statements = [*json.loads(intended)["Statement"], denial]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))

    wait_until(lambda: host_says("the proof failed at the start of an upload"))
    assert deploying.is_alive()
    assert not stack_is_complete(story.world, "registry-host")

    s3.put_bucket_policy(Bucket=bucket, Policy=intended)
    deploying.join(PATIENCE_SECONDS)
    assert stack_is_complete(story.world, "registry-host")
