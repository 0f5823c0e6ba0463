"""What everything costs as the registry grows, in the rehearsal that is up.

The image bucket is aged to each size in turn. A row has "seconds, requests to S3" at each size.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping

from bench import page
from bench.growth import at_a_size, ticks, users
from bench.growth.meter import Measured, Meter
from bench.page import Target
from rehearsal.age.fill import fill_world
from rehearsal.age.plan import GIANT, Shape, plan, small
from rehearsal.machine.root_layers import Say
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.world import World

SIZES = (0, 10_000, 200_000, 1_000_000)
TICKS = 5
PARTS = ("ticks", "work", "listings", "pulls", "deletions", "users")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N", help="objects, in rising order")
    parser.add_argument("--shape", type=Shape, choices=tuple(Shape), default=Shape.GIANT, help="(default: giant)")
    parser.add_argument("--ticks", type=int, default=TICKS, metavar="N", help=f"at each size (default: {TICKS})")
    parser.add_argument("--load", action="store_true", help="pull and push during the health checks")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="measure only these")


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    """Returns whether all targets are kept."""
    meter = Meter(World.running(Workplace.of_this_machine()))
    columns: dict[int, Mapping[str, str]] = {}
    for size in arguments.sizes:
        images = plan(size, arguments.shape)
        filled = fill_world(meter.world, images)
        if any(number > images.get(name, 0) for name, number in filled.images.items() if not at_a_size.is_tagged(name)):
            raise RuntimeError(f"the bucket is older than {size:,} objects: start a new rehearsal")
        say(f"{size:,} objects: {filled.objects:,} written in {filled.seconds:.1f} s")
        largest = (GIANT if GIANT in images else small(0)) if images else ""
        column: dict[str, str] = {}
        # The largest size counts.
        targets: list[Target] = []
        what = f"{size:,} objects ({arguments.shape})"
        for part in _parts(meter, arguments, largest, what, size == arguments.sizes[-1], say):
            rows, found = part()
            for name, told in rows.items():
                say(f"{name} | {told}")
            column |= rows
            targets += found
        columns[size] = column
    whats = dict.fromkeys(what for column in columns.values() for what in column)
    lines = [[what, *(column.get(what, "-") for column in columns.values())] for what in whats]
    table = page.table((f"seconds, S3 requests: {arguments.shape}", *(f"{size:,} objects" for size in columns)), lines)
    parts = "" if set(arguments.parts) == set(PARTS) else f": {', '.join(arguments.parts)}"
    return page.report(arguments.output, "growth", {f"Shape {arguments.shape}{parts}": table}, targets)


def _parts(
    meter: Meter, arguments: argparse.Namespace, largest: str, what: str, last: bool, say: Say
) -> Iterator[Callable[[], Measured]]:
    """What is measured at a size. Deletions and users depend on no size, and come at the last."""
    wanted = set(arguments.parts)
    if "ticks" in wanted:
        yield lambda: ticks.ticks(meter, arguments.ticks, what, say, load=largest if arguments.load else "")
    if "work" in wanted:
        yield lambda: at_a_size.work(meter)
    if "listings" in wanted:
        yield lambda: at_a_size.listings(meter, largest, what)
    if "pulls" in wanted and largest == GIANT:
        yield lambda: at_a_size.pulls(meter, largest)
    if "deletions" in wanted and last:
        yield lambda: at_a_size.deletions(meter)
    if "users" in wanted and last:
        yield lambda: (users.syncs(meter), ())
