"""A registry with the longest name that DNS allows: nothing made from the name is too long for AWS."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.assembly import Assembly, Synthesise, readable
from tests.support.deployed import deployed

LONGEST = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 49, "example", "com"])
# Characters. https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html,
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html,
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
LONGEST_TEXTS = {
    ("AWS::Lambda::Function", "Description"): 256,
    ("AWS::CloudWatch::Alarm", "AlarmDescription"): 1024,
    ("AWS::Events::Rule", "Description"): 512,
}
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html
LONGEST_TAG = 256
# Of all inline policies of a role. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
LONGEST_POLICIES = 10_240
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
LONGEST_DESCRIPTION_BYTES = 1024


@pytest.fixture(scope="module")
def longest(synthesise: Synthesise) -> Assembly:
    assert len(LONGEST) == 253
    return synthesise(domain_name=LONGEST)


def resources(assembly: Assembly) -> Iterator[tuple[str, dict[str, Any]]]:
    for template in assembly.templates:
        for each in template.body["Resources"].values():
            yield each["Type"], each.get("Properties", {})


def tags(properties: Any) -> Iterator[str]:
    """At any depth: a launch template has tags of its own and those of its instances."""
    if isinstance(properties, dict):
        if properties.keys() >= {"Key", "Value"}:
            yield readable(properties["Value"])
        for inner in properties.values():
            yield from tags(inner)
    elif isinstance(properties, list):
        for inner in properties:
            yield from tags(inner)


def test_texts_and_tags_with_the_name_are_short_enough(longest: Assembly) -> None:
    for kind, properties in resources(longest):
        for (of_kind, name), limit in LONGEST_TEXTS.items():
            if kind == of_kind:
                assert len(readable(properties[name])) <= limit
        assert all(len(tag) <= LONGEST_TAG for tag in tags(properties))
    assert all(len(each.body["Description"].encode()) <= LONGEST_DESCRIPTION_BYTES for each in longest.templates)


def test_a_roles_policies_are_short_enough(longest: Assembly) -> None:
    for kind, properties in resources(longest):
        if kind == "AWS::IAM::Role":
            policies = json.dumps(properties.get("Policies", []), separators=(",", ":"))
            assert len(policies) <= LONGEST_POLICIES


def test_the_longest_name_deploys(longest: Assembly) -> None:
    with deployed(longest) as product:
        (host,) = product.account.cloud.instances()
        assert host.tags["registry:domain"] == LONGEST
