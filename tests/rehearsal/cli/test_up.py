"""The options of ``up``: each chooses a part of the world."""

import argparse
from dataclasses import fields

import pytest

from rehearsal.cli.lifecycle import UP, chosen
from rehearsal.contract.order import Choices

OTHERWISE = {
    "domain": ("--domain", "images.example.org"),
    "host_release": ("--host-release", "bookworm"),
    "troubles": ("--trouble", "apt-locked"),
    "host_memory_mib": ("--host-memory", "420"),
    "zones_without_type": ("--no-type-in", "us-east-1a"),
    "other_region": ("--other-region", "eu-west-1"),
    "address_lag_seconds": ("--address-lag", "10"),
}


def choices_of(*options: str) -> Choices:
    parser = argparse.ArgumentParser()
    UP.add_arguments(parser)
    return chosen(parser.parse_args(options))


def test_without_options_the_world_is_as_usual() -> None:
    assert choices_of() == Choices()


@pytest.mark.parametrize("field", [each.name for each in fields(Choices)])
def test_each_choice_has_an_option(field: str) -> None:
    seen, usual = choices_of(*OTHERWISE[field]), Choices()
    changed = [each.name for each in fields(Choices) if getattr(seen, each.name) != getattr(usual, each.name)]
    assert changed == [field]
