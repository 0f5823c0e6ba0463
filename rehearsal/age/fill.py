"""Filling the image bucket of a world with a registry of a given age, with all processors."""

import ctypes
import json
import signal
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rehearsal.age import bucket
from rehearsal.contract import product, run_directory
from rehearsal.error import RehearsalError
from rehearsal.outside.world import World

IMAGES_AT_ONCE = 500
# Of prctl(2).
PR_SET_PDEATHSIG = 1


class NoObjectServerError(RehearsalError):
    """The world keeps its objects in the emulated AWS, not in files."""


@dataclass(frozen=True, slots=True)
class Filled:
    """``images`` by repository are all that are there; ``objects`` and ``seconds`` are of this time's."""

    images: Mapping[str, int]
    objects: int
    seconds: float


def image_bucket(world: World) -> str:
    stacks = world.aws("cloudformation").describe_stacks()["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for stack in stacks for each in stack.get("Outputs", ())}
    return str(outputs[product.OUTPUT_IMAGE_BUCKET])


def fill_world(world: World, images: Mapping[str, int]) -> Filled:
    """Write what is missing of so many images a repository into the bucket that the newest host uses.

    Raises:
        NoObjectServerError: the bucket has no folder.
    """
    buckets = run_directory.in_world(world.keeper_pid, world.workplace.run / run_directory.BUCKETS)
    folder = buckets / image_bucket(world)
    if not folder.is_dir():
        raise NoObjectServerError(f"there is no {folder}: versitygw could not be built on this machine")
    return fill(folder, world.workplace.run / run_directory.AGE, images)


def fill(folder: Path, notes: Path, images: Mapping[str, int]) -> Filled:
    """Write what is missing of so many images a repository. ``notes`` is a file that remembers what is there."""
    there: dict[str, int] = json.loads(notes.read_text()) if notes.exists() else {}
    begun = time.monotonic()
    bucket.prepare(folder)
    pieces = [
        (folder, name, first, min(first + IMAGES_AT_ONCE, end))
        for name, end in images.items()
        for first in range(there.get(name, 0), end, IMAGES_AT_ONCE)
    ]
    with ProcessPoolExecutor(initializer=_end_with_parent) as processes:
        # A piece of a small repository is worth no message of its own.
        objects = sum(processes.map(_write, pieces, chunksize=max(1, len(pieces) // 200)))
    there |= {name: max(there.get(name, 0), end) for name, end in images.items()}
    notes.write_text(json.dumps(there))
    return Filled(there, objects, time.monotonic() - begun)


def _end_with_parent() -> None:
    """Otherwise the processes of a killed command wait for work for ever, and hold whatever lock it held."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _write(piece: tuple[Path, str, int, int]) -> int:
    return bucket.write_images(*piece)
