"""``age``: a registry that is years old."""

import argparse

from rehearsal.age import fill
from rehearsal.age.plan import TAGS, Shape, plan
from rehearsal.cli.command import Command
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.world import World

OBJECTS = 200_000


def _age(workplace: Workplace, arguments: argparse.Namespace) -> int:
    filled = fill.fill_world(World.running(workplace), plan(arguments.objects, arguments.shape))
    most = max(filled.images.values())
    print(
        f"{filled.objects:,} objects in {filled.seconds:.1f} s, {filled.objects / filled.seconds:,.0f}/s. "
        f"The bucket has {len(filled.images):,} old repositories; the largest has {TAGS * most:,} tags or more."
    )
    return 0


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--objects", type=int, default=OBJECTS, metavar="N", help=f"how many in all, about (default: {OBJECTS})"
    )
    parser.add_argument(
        "--shape",
        type=Shape,
        choices=tuple(Shape),
        default=Shape.GIANT,
        help="one giant repository that is first in order, many small ones, or half in each (default: giant)",
    )


AGE = Command("age", "fill the image bucket with a registry that is years old", _age, _add_arguments)
