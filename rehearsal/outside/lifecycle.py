"""Starting a world on this machine, and ending it."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from rehearsal.contract import product, run_directory
from rehearsal.contract.order import Choices, Order
from rehearsal.contract.world_state import WorldState
from rehearsal.error import RehearsalError
from rehearsal.machine import fitness, parts, registry_image, roots
from rehearsal.machine.python import lambda_runtime
from rehearsal.machine.root_layers import Root, Say
from rehearsal.machine.workplace import BusyError, Workplace
from rehearsal.machine.world.namespaces import end_world, start_world
from rehearsal.outside import golden_root
from rehearsal.outside.world import World

START_TIMEOUT_SECONDS = 60
AS_USUAL = Choices()


class WorldDiedError(RehearsalError):
    """The world ended while it was started; the text ends with its last words."""


def up(
    workplace: Workplace,
    say: Say,
    *,
    detached: bool,
    host_roots: tuple[Root, ...] | None = None,
    choices: Choices = AS_USUAL,
) -> World:
    """Prepare the programs and roots, and start the world. Hosts boot from the first of ``host_roots`` that exists;
    without any given, from the golden root of the chosen Debian, else from its base. Raises BusyError: another
    rehearsal holds this machine. Raises UnfitMachineError: this machine cannot run one."""
    fitness.make_fit(workplace, say)
    workplace.prepare()
    lock = workplace.take_lock()
    try:
        keeper = _start(workplace, say, lock, choices, detached=detached, host_roots=host_roots)
    except BaseException:
        os.close(lock)
        down(workplace)
        raise
    # From here on the world alone holds it.
    os.close(lock)
    return World(workplace, keeper.pid)


def down(workplace: Workplace, *, anyones: bool = False) -> bool:
    """End the rehearsal that runs, if one does, and remove its leftovers; returns whether one ran. Raises BusyError:
    it was started in another directory, and ``anyones`` is false."""
    holder = workplace.holder()
    if holder is not None:
        if not (anyones or holder.is_of_this_directory()):
            raise BusyError(holder)
        end_world(holder, workplace)
    lock = workplace.take_lock()
    workplace.remove_leftovers()
    workplace.release_lock(lock)
    return holder is not None


def _start(
    workplace: Workplace, say: Say, lock: int, choices: Choices, *, detached: bool, host_roots: tuple[Root, ...] | None
) -> subprocess.Popen[bytes]:
    workplace.name_holder(lock, os.getpid())
    workplace.remove_leftovers()
    workplace.prepare()
    path = workplace.run / run_directory.ORDER
    order = _prepare(workplace, say, choices)
    replace(order, host_roots=host_roots or order.host_roots).write(path)
    inside = [sys.executable, "-m", "rehearsal.inside", str(path)]
    keeper = start_world(workplace, inside, lock=lock, detached=detached)
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while WorldState.read(workplace) is None:
        if keeper.poll() is not None or time.monotonic() > deadline:
            keeper.kill()
            said = (workplace.run / "world.log").read_text()[-3000:] if detached else "see above"
            raise WorldDiedError(f"the world did not start; it said:\n{said}")
        time.sleep(0.05)
    return keeper


def _prepare(workplace: Workplace, say: Say, choices: Choices) -> Order:
    """Programs are built while the roots are made: one needs the processor, the other mostly the network."""
    recipes = (parts.REGISTRY, parts.PEBBLE, parts.CRANE, parts.VERSITYGW)
    with ThreadPoolExecutor() as pool:
        programs = pool.submit(lambda: [parts.prepare(workplace, recipe, say) for recipe in recipes])
        base = roots.base(workplace, say, choices.host_release)
        found = {part.name: part for part in programs.result()}
    parts.forget_sources(workplace)
    runtime = lambda_runtime.prepare(workplace, say)
    packages = [part.package for part in found.values() if part.package]
    internet = roots.internet(workplace, say, packages)
    image = registry_image.prepare(
        workplace, product.registry_image(), program=found["registry"], root=internet, say=say
    )
    say(f"the image {image.reference} is {image.source}")
    say(f"the ACME server is {found['pebble']}, the second client {found['crane']}")
    say(f"the S3 server is {found['versitygw']}")
    return Order(
        choices=choices,
        images=(image,),
        parts=found,
        host_roots=(golden_root.golden(workplace, say, choices.host_release), base),
        internet_root=internet,
        functions=runtime,
    )
