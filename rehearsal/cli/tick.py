"""``tick``: one run of a schedule."""

import argparse
import json
from dataclasses import asdict

from rehearsal.cli.command import Command, add_moment
from rehearsal.contract import product
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.world import World


def _tick(workplace: Workplace, arguments: argparse.Namespace) -> int:
    """Exit code 0 only if the function ended without an error."""
    result = World.running(workplace).control.tick(arguments.job, arguments.at)
    print(json.dumps(asdict(result), indent=2))
    return 1 if result.error else 0


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", choices=product.JOBS)
    add_moment(parser, "the time of the run, for the function")


TICK = Command("tick", "run one schedule once, and print the outcome as JSON", _tick, _add_arguments)
