"""``python -m rehearsal``: the internet in a box, for people and scripts alike."""

import argparse
import sys

from rehearsal.cli import age, alarms, enter, faults, lifecycle, mail, status, tick
from rehearsal.cli.command import Command
from rehearsal.error import RehearsalError
from rehearsal.machine.workplace import Workplace

COMMANDS: tuple[Command, ...] = (
    lifecycle.UP,
    status.STATUS,
    enter.EXEC,
    enter.CLIENT,
    tick.TICK,
    age.AGE,
    alarms.ALARMS,
    mail.MAIL,
    faults.FAULTS,
    faults.FAULT,
    faults.HEAL,
    lifecycle.DOWN,
)


def main() -> int:
    """Run one command; returns its exit code."""
    arguments = _parser().parse_args()
    try:
        exit_code: int = arguments.run(Workplace.of_this_machine(), arguments)
        return exit_code
    except RehearsalError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. `python -m rehearsal down` removes anything that is left.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rehearsal",
        description="Without a command: the whole story, from an empty account to `cdk destroy`. Nothing is left.",
    )
    parser.set_defaults(run=lifecycle.tell_story)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        own = commands.add_parser(command.name, help=command.words)
        command.add_arguments(own)
        own.set_defaults(run=command.run)
    return parser
