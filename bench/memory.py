"""The memory of a small host: at its first boot, at rest, at a push of 1 GB and at ten pulls.

The host is as large as a t4g.nano: of its 512 MiB the kernel keeps about 90. It has no swap.
"""

import argparse
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from bench import page
from bench.page import Target
from bench.user_data import SERVING
from rehearsal.contract import run_directory
from rehearsal.contract.order import Choices
from rehearsal.contract.world_state import Host
from rehearsal.machine import roots
from rehearsal.machine.oci_layout import REFERENCE, pack, write_image
from rehearsal.machine.registry_image import architecture
from rehearsal.machine.root_layers import Say
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.client import Client
from rehearsal.outside.lifecycle import AS_USUAL, down, up
from rehearsal.outside.world import World
from rehearsal.story.deploying import bootstrap, deploy
from rehearsal.story.step import Story
from rehearsal.story.telling import story_in

HOST_MIB = 420
REST_SECONDS = 20
# Docker pushes five layers at once.
LAYERS, LAYER_BYTES = 5, 200_000_000
PULLS, PULLED_BYTES = 10, 20_000_000
# With less, the health check says that the memory is exhausted (lambdas/judge/checks.py).
LEAST_AVAILABLE_PERCENT = 4
# They count what the kernel killed for want of memory, in the second and the first version of cgroups.
KILLS = ("memory.events", "memory.oom_control")
# Ends with its standard input: a signal would not reach it through nsenter.
SAMPLE = "while grep -h -e MemTotal -e MemAvailable {}; do read -r -t 0.2 _; (($? > 128)) || break; done"


@dataclass(slots=True)
class Seen:
    """MiB; complete at the end of the block."""

    total: int = 0
    available: int = 0
    """The least."""
    killed: int = 0
    seconds: float = 0.0

    def cells(self) -> list[str]:
        return [str(each) for each in (self.total - self.available, self.available, self.killed, round(self.seconds))]


@dataclass(frozen=True, slots=True)
class SmallHost:
    world: World
    workplace: Workplace
    host: Host

    @contextmanager
    def watched(self) -> Iterator[Seen]:
        seen, killed, began = Seen(), self._killed(), time.monotonic()
        meminfo = f"/proc/{self.host.leader_pid}/root/proc/meminfo"
        sampler = self.world.command(["bash", "-c", SAMPLE.format(meminfo)])
        with subprocess.Popen(sampler, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sampling:
            yield seen
            lines = [line.split() for line in sampling.communicate()[0].splitlines()]
        values = [(line[0], int(line[1]) >> 10) for line in lines if len(line) == 3]
        seen.total = max(value for name, value in values if name == "MemTotal:")
        seen.available = min(value for name, value in values if name == "MemAvailable:")
        seen.killed, seen.seconds = self._killed() - killed, time.monotonic() - began

    def largest(self) -> str:
        """The five processes with the most memory, with MiB."""
        listed = self.world.run_on_host(self.host, "ps", "-eo", "rss=,comm=", "--sort=-rss").stdout.splitlines()[:5]
        return ", ".join(f"{line.split()[1]} {int(line.split()[0]) >> 10}" for line in listed)

    def _killed(self) -> int:
        files = (parent / self.host.id / name for parent in self.workplace.cgroups() for name in KILLS)
        lines = next(file for file in files if file.exists()).read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    """Returns whether some memory was left all the time."""
    workplace = Workplace.of_this_machine()
    with _ready_to_deploy(workplace, say, AS_USUAL) as story:
        usual_seconds = _deploy(story, say)
    with _ready_to_deploy(workplace, say, Choices(host_memory_mib=HOST_MIB)) as story:
        return _measure_small(arguments, say, story, usual_seconds)


@contextmanager
def _ready_to_deploy(workplace: Workplace, say: Say, choices: Choices) -> Iterator[Story]:
    """A world whose hosts install everything anew."""
    world = up(workplace, lambda _: None, detached=False, host_roots=(roots.base(workplace, say),), choices=choices)
    try:
        story = story_in(world, lambda _: None)
        bootstrap(story)
        yield story
    finally:
        down(workplace)


def _deploy(story: Story, say: Say) -> float:
    """Seconds from the host's boot to serving."""
    say(deploy(story))
    said = (story.world.workplace.run / run_directory.EVENTS).read_text()
    return float(next(SERVING.finditer(said))[1])


def _measure_small(arguments: argparse.Namespace, say: Say, story: Story, usual_seconds: float) -> bool:
    world, client = story.world, story.client
    with ThreadPoolExecutor() as pool:
        deploying = pool.submit(_deploy, story, say)
        while not any(host.leader_pid for host in world.hosts()) and not deploying.done():
            time.sleep(0.1)
        small = SmallHost(world, world.workplace, world.hosts()[-1])
        with small.watched() as booting:
            booted_seconds = deploying.result()
    boot = [f"the first boot ({booted_seconds:.0f} s; {usual_seconds:.0f} s with memory enough)"]
    rows = [[*boot, *booting.cells(), small.largest()]]
    say(" | ".join(rows[0]))
    user, password = client.login()
    client.run("skopeo", "login", "--username", user, "--password", password, world.domain)
    layers = [_image(client, f"layer{number}", LAYER_BYTES) for number in range(LAYERS)]
    pulled = _image(client, "pulled", PULLED_BYTES)
    pushes = [_push(world, each) for each in layers]
    pulls = [["skopeo", "copy", f"docker://{world.domain}/{pulled}:1", f"dir:copy{each}"] for each in range(PULLS)]
    client.run(*_push(world, pulled))
    loads = {
        "at rest": [["sleep", str(REST_SECONDS)]],
        f"a push of {LAYERS * LAYER_BYTES // 10**9} GB, {LAYERS} layers at once": pushes,
        f"{PULLS} pulls at once": pulls,
    }
    least = 100 * booting.available / booting.total
    for what, commands in loads.items():
        with small.watched() as seen:
            _run_at_once(client, commands)
        least = min(least, 100 * seen.available / seen.total)
        rows.append([what, *seen.cells(), small.largest()])
        say(" | ".join(rows[-1]))
    header = ("load", "most MiB used", "least MiB available", "killed", "seconds", "largest processes, MiB")
    target = Target(
        f"a host of {HOST_MIB} MiB (t4g.nano): least memory available",
        LEAST_AVAILABLE_PERCENT,
        [least],
        at_least=True,
        unit=" %",
    )
    return page.report(arguments.output, "memory", {f"A host of {seen.total} MiB": page.table(header, rows)}, [target])


def _image(client: Client, name: str, layer_bytes: int) -> str:
    layer = pack({"payload": os.urandom(layer_bytes)})
    write_image(client.work / name, layer, architecture=architecture(), config={"Cmd": ["/payload"]})
    return name


def _push(world: World, name: str) -> list[str]:
    return ["skopeo", "copy", f"oci:{name}:{REFERENCE}", f"docker://{world.domain}/{name}:1"]


def _run_at_once(client: Client, commands: Sequence[Sequence[str]]) -> None:
    with ThreadPoolExecutor(len(commands)) as pool:
        list(pool.map(lambda argv: client.run(*argv), commands))
