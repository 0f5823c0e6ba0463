"""One world for the tests of this folder. Its image has no SSM agent, two zones lack the type of its hosts, and its
first host may not write to its bucket at first."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from rehearsal.contract import run_directory
from rehearsal.contract.order import Choices
from rehearsal.first_boot.troubles import playing
from rehearsal.outside.world import World
from rehearsal.story.deploying import bootstrap, deploy
from rehearsal.story.step import Story
from tests.support.waiting import until
from tests.support.world import WORKPLACE, running_story

TROUBLES = ("no-agent",)
# Where a host would start first.
ZONES_WITHOUT_TYPE = ("us-east-1a", "us-east-1b")
# The host installs all its packages first.
PATIENCE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Deployment:
    """The deployment has ended. ``waited``: it was under way when its host had said what it may not do."""

    story: Story
    waited: bool


@pytest.fixture(scope="package")
def deployment() -> Iterator[Deployment]:
    choices = Choices(troubles=TROUBLES, zones_without_type=ZONES_WITHOUT_TYPE)
    with running_story(choices=choices) as story, playing(story.world, TROUBLES):
        yield deploy_against_a_refusal(story)


@pytest.fixture(scope="package")
def story(deployment: Deployment) -> Story:
    return deployment.story


def deploy_against_a_refusal(story: Story) -> Deployment:
    bootstrap(story)
    deploying = threading.Thread(target=deploy, args=(story,), daemon=True)
    deploying.start()
    until(lambda: stack_is_complete(story.world, "registry-storage"), PATIENCE_SECONDS)
    s3 = story.world.aws("s3")
    bucket = next(each["Name"] for each in s3.list_buckets()["Buckets"] if "images" in each["Name"])
    intended = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    denial = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    statements = [*json.loads(intended)["Statement"], denial]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    until(lambda: host_says("the proof failed at the start of an upload"), PATIENCE_SECONDS)
    waited = deploying.is_alive() and not stack_is_complete(story.world, "registry-host")
    s3.put_bucket_policy(Bucket=bucket, Policy=intended)
    deploying.join(PATIENCE_SECONDS)
    return Deployment(story, waited)


def stack_is_complete(world: World, name: str) -> bool:
    stacks = world.aws("cloudformation").describe_stacks()["Stacks"]
    return any(stack["StackName"] == name and stack["StackStatus"] == "CREATE_COMPLETE" for stack in stacks)


def host_says(text: str) -> bool:
    return text in (WORKPLACE.run / run_directory.EVENTS).read_text()
