"""What a step of the story is, and what all steps share."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from rehearsal.machine.oci_layout import Image
from rehearsal.outside.client import Client
from rehearsal.outside.deployment import Cdk
from rehearsal.outside.world import HostView, World

FOLLOWING_SECONDS = 10


class StepFailedError(Exception):
    """A step of the story did not hold; the text says what was expected and what was seen."""


@dataclass(slots=True)
class Story:
    """What the steps share: the person's tools, and what earlier steps found out. ``say`` prints a line."""

    cdk: Cdk
    client: Client
    world: World
    say: Callable[[str], None]
    outputs: dict[str, str] = field(default_factory=dict)
    images: dict[str, Image] = field(default_factory=dict)

    @property
    def small(self) -> Image:
        """The image that most steps push and pull."""
        return self.images["small"]

    @property
    def domain(self) -> str:
        """The registry's own name, the first part of every image's name."""
        return self.world.domain


@dataclass(frozen=True, slots=True)
class Step:
    """What the transcript calls it, and what it does: it returns one line of evidence, or raises."""

    title: str
    run: Callable[[Story], str]


def expect(holds: bool, expected: str, seen: object) -> None:
    """
    Raises:
        StepFailedError: it does not hold.
    """
    if not holds:
        raise StepFailedError(f"expected {expected}, saw {seen}")


def await_hosts(
    story: Story, holds: Callable[[tuple[HostView, ...]], bool], expected: str
) -> tuple[HostView, ...]:
    """The hosts once they are as expected: the world follows its AWS within a second."""
    deadline = time.monotonic() + FOLLOWING_SECONDS
    while not holds(hosts := story.world.hosts()):
        expect(time.monotonic() < deadline, expected, hosts)
        time.sleep(0.1)
    return hosts
