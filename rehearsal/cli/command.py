"""What a command of the command line is made of."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from rehearsal.machine.workplace import Workplace


def _none(_parser: argparse.ArgumentParser) -> None:
    """No arguments."""


@dataclass(frozen=True, slots=True)
class Command:
    """``words`` is its line in the list of commands; ``run`` returns the exit code."""

    name: str
    words: str
    run: Callable[[Workplace, argparse.Namespace], int]
    add_arguments: Callable[[argparse.ArgumentParser], None] = _none


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def add_moment(parser: argparse.ArgumentParser, words: str) -> None:
    parser.add_argument("--at", metavar="ISO", help=f"{words}, in ISO 8601 (default: now)")
