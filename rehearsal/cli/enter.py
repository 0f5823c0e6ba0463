"""``exec`` and ``client``: become a command on a host, or on the person's laptop."""

import argparse
import os
import sys

from rehearsal.cli.command import Command
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.world import NoRehearsalError, World


def _on_host(workplace: Workplace, arguments: argparse.Namespace) -> int:
    world = World.running(workplace)
    hosts = world.hosts()
    if not hosts:
        raise NoRehearsalError("there is no host; `python -m rehearsal status --json` shows what there is")
    return _become(world.host_command(hosts[-1], arguments.argv))


def _as_client(workplace: Workplace, arguments: argparse.Namespace) -> int:
    return _become(World.running(workplace).client().command(arguments.argv))


def _add_argv(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("argv", nargs="+", metavar="CMD")


def _become(command: list[str]) -> int:
    sys.stdout.flush()
    os.execvp(command[0], command)


EXEC = Command("exec", "run a command on the newest host, as root", _on_host, _add_argv)
CLIENT = Command("client", "run a command on a laptop on the rehearsal's internet", _as_client, _add_argv)
