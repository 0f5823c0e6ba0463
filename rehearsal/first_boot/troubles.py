"""What can go wrong for a while when a host boots for the first time: in its image, and on the internet."""

import os
import re
import shutil
import stat
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rehearsal.contract import run_directory
from rehearsal.contract.order import Choices
from rehearsal.contract.world_network import BRIDGE, WORLD_ADDRESS
from rehearsal.faults.dependencies import IMAGE_REGISTRY
from rehearsal.faults.fault import in_world
from rehearsal.faults.front import put_in_front, take_away
from rehearsal.first_boot import agent_package
from rehearsal.machine import roots
from rehearsal.machine.root_layers import Root, Say, digest, made, tree_contents
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.world import World

IMAGES = Path(__file__).with_name("images")
AGENT_FILES = (agent_package.UNIT, "etc/systemd/system/multi-user.target.d/50-ssm-agent.conf")
# A refusal goes on for so long after the host has met it for the first time.
REFUSED_SECONDS = 20
LOOK_EVERY_SECONDS = 0.5
TABLE = "first_boot"
OVERLOADED_PORT = 8503
TOO_MANY = '{"errors":[{"code":"TOOMANYREQUESTS","message":"Rate exceeded","detail":null}]}'


@dataclass(frozen=True, slots=True)
class Refusal:
    """Requests of the host get this HTTP ``status`` from ``begin`` to ``end``."""

    status: int
    begin: Callable[[World], None]
    end: Callable[[World], None]


@dataclass(frozen=True, slots=True)
class Trouble:
    """``image`` is a folder of files that the host's image has as well, ``hides`` are files that it lacks. ``offer``
    prepares the internet for it."""

    what: str
    image: Path | None = None
    hides: tuple[str, ...] = ()
    offer: Callable[[World], None] | None = None
    refusal: Refusal | None = None


def _overload_mirrors(world: World) -> None:
    rule = f"iifname {BRIDGE} ip daddr != {{ 10.0.0.0/8, 169.254.0.0/16 }} tcp dport 80 dnat to"
    chain = f"add chain ip {TABLE} to {{ type nat hook prerouting priority -110; }}"
    rules = f"add table ip {TABLE}\n{chain}\nadd rule ip {TABLE} to {rule} {WORLD_ADDRESS}:{OVERLOADED_PORT}\n"
    in_world(world, "nft", "--file", "-", stdin=rules)


def _relieve_mirrors(world: World) -> None:
    in_world(world, "nft", "delete", "table", "ip", TABLE)


def _refuse_images(world: World) -> None:
    put_in_front(world, TABLE, f"if ($host = {IMAGE_REGISTRY}) {{ return 429 '{TOO_MANY}'; }}\n")


TROUBLES: Mapping[str, Trouble] = {
    "apt-locked": Trouble(
        "an upgrade of the image's own holds apt's locks, until they have refused the host for 20 s",
        IMAGES / "apt-locked",
    ),
    "mirrors-overloaded": Trouble(
        f"package mirrors answer 503, until {REFUSED_SECONDS} s after the host's first request",
        refusal=Refusal(503, _overload_mirrors, _relieve_mirrors),
    ),
    "images-refused": Trouble(
        f"the image registry answers 429, until {REFUSED_SECONDS} s after the host's first request",
        refusal=Refusal(429, _refuse_images, lambda world: take_away(world, TABLE)),
    ),
    "snaps-seeding": Trouble(
        "Ubuntu's snaps, and the SSM agent with them, are there after 30 s; user data waits for them",
        IMAGES / "snaps-seeding",
        hides=AGENT_FILES,
    ),
    "no-agent": Trouble(
        "the image has no SSM agent; AWS offers its package", hides=AGENT_FILES, offer=agent_package.offer
    ),
    "agent-unobtainable": Trouble("the image has no SSM agent, and AWS does not offer its package", hides=AGENT_FILES),
    "user-data-late": Trouble("user data begins a quarter of an hour after the boot", IMAGES / "user-data-late"),
}


def troubled_roots(workplace: Workplace, choices: Choices, say: Say) -> tuple[Root, ...] | None:
    """The base with the chosen troubles in it. None without any: hosts boot as usual."""
    if not choices.troubles:
        return None
    below = roots.base(workplace, say, choices.host_release)
    names = sorted(choices.troubles)
    troubles = [TROUBLES[name] for name in names]
    agent = roots.IMAGE_FILES / agent_package.UNIT
    parts = [part for each in troubles if each.image for part in tree_contents(each.image)]
    key = digest(below.key, *names, *parts)

    def make(directory: Path) -> None:
        for trouble in troubles:
            if trouble.image:
                shutil.copytree(trouble.image, directory, dirs_exist_ok=True)
            for file in trouble.hides:
                (directory / file).parent.mkdir(parents=True, exist_ok=True)
                # Overlay's mark of a file that is not there
                os.mknod(directory / file, stat.S_IFCHR, os.makedev(0, 0))
        snaps = directory / "usr/lib/snapd"
        snaps.mkdir(parents=True, exist_ok=True)
        shutil.copy(agent, snaps / "agent.service")

    return (below.with_layer(made(workplace, "first-boot", key, make, say), "first-boot", key),)


@contextmanager
def playing(world: World, names: Sequence[str]) -> Iterator[None]:
    """Troubles of the internet: each begins now, and ends by itself."""
    done = threading.Event()
    refusals = [refusal for name in names if (refusal := TROUBLES[name].refusal)]
    for name in names:
        if offer := TROUBLES[name].offer:
            offer(world)
    threads = [threading.Thread(target=_refuse, args=(world, each, done), daemon=True) for each in refusals]
    for refusal, thread in zip(refusals, threads, strict=True):
        refusal.begin(world)
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


def refused(world: World, status: int) -> int:
    """How many requests have got this HTTP status so far."""
    log = world.workplace.run / run_directory.FRONT_LOG
    return len(re.findall(rf'" {status} ', log.read_text())) if log.exists() else 0


def _refuse(world: World, refusal: Refusal, done: threading.Event) -> None:
    while not refused(world, refusal.status) and not done.wait(LOOK_EVERY_SECONDS):
        pass
    done.wait(REFUSED_SECONDS)
    refusal.end(world)
