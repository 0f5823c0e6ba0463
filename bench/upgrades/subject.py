"""Upgrades under the load of clients, in the rehearsal that is up: another version of the registry and back, versions
that cannot serve, upgrades of the host's packages, and a reboot in the host's window."""

import argparse
import shutil
from collections.abc import Callable, Mapping

from bench import page
from bench.page import Target
from bench.upgrades import packages, reboot, versions
from rehearsal.machine.root_layers import Say
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.world import World
from rehearsal.story import front_door, images
from rehearsal.story.step import Story
from rehearsal.story.telling import story_in

Measured = tuple[Mapping[str, str], list[Target]]
PARTS: Mapping[str, Callable[[Story, Say], Measured]] = {
    "versions": versions.there_and_back,
    "broken": versions.that_cannot_serve,
    "packages": packages.reinstalled,
    "reboot": reboot.in_window,
}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", choices=PARTS, action="append", help="this part; can be repeated (default: all)")


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    """Returns whether all targets are kept."""
    story = story_in(World.running(Workplace.of_this_machine()), lambda _: None)
    story.outputs = story.cdk.deploy()
    front_door.first_login(story)
    # Of an earlier run.
    shutil.rmtree(story.client.work / "small", ignore_errors=True)
    images.push(story)
    kept = True
    for name in arguments.only or PARTS:
        sections, targets = PARTS[name](story, say)
        kept &= page.report(arguments.output, "upgrades", sections, targets)
    return kept
