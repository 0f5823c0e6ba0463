"""A step of the story, and everything that the steps share."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from rehearsal.contract.world_state import Host
from rehearsal.error import RehearsalError
from rehearsal.machine.oci_layout import Image
from rehearsal.outside.cdk import Cdk
from rehearsal.outside.client import Client
from rehearsal.outside.world import World

FOLLOWING_SECONDS = 10


class StepFailedError(RehearsalError):
    """A step of the story failed; the text has the expected and the actual outcome."""


@dataclass(slots=True)
class Story:
    """The person's tools, and the findings of earlier steps. ``say`` prints a line."""

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
        return self.world.domain


@dataclass(frozen=True, slots=True)
class Step:
    """``run`` returns one line of evidence, or raises a RehearsalError. The steps of ``meanwhile`` are taken while it
    runs: it must not disturb them."""

    title: str
    run: Callable[[Story], str]
    meanwhile: tuple["Step", ...] = ()


def expect(holds: bool, expected: str, seen: object) -> None:
    """Raises StepFailedError: it does not hold."""
    if not holds:
        raise StepFailedError(f"expected {expected}, saw {seen}")


def await_hosts(story: Story, holds: Callable[[tuple[Host, ...]], bool], expected: str) -> tuple[Host, ...]:
    """The hosts once they are as expected: the world follows its AWS within a second."""
    deadline = time.monotonic() + FOLLOWING_SECONDS
    while not holds(hosts := story.world.hosts()):
        expect(time.monotonic() < deadline, expected, hosts)
        time.sleep(0.1)
    return hosts
