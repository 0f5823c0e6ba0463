"""``faults``, ``fault`` and ``heal``: break the registry on purpose."""

import argparse

from rehearsal import faults
from rehearsal.cli.command import Command
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.world import World


def _list(workplace: Workplace, _arguments: argparse.Namespace) -> int:
    active = faults.Active(workplace).names()
    for name, fault in faults.FAULTS.items():
        print(f"{'*' if name in active else ' '} {name:24} {fault.what}")
    return 0


def _begin(workplace: Workplace, arguments: argparse.Namespace) -> int:
    faults.Active(workplace).begin(World.running(workplace), arguments.name)
    print(f"{arguments.name}: {faults.FAULTS[arguments.name].what}")
    return 0


def _end(workplace: Workplace, arguments: argparse.Namespace) -> int:
    faults.Active(workplace).end(World.running(workplace), arguments.name)
    print(f"{arguments.name}: healed")
    return 0


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", choices=faults.FAULTS, metavar="NAME")


FAULTS = Command("faults", "list all faults; a star marks an active one", _list)
FAULT = Command("fault", "cause a fault", _begin, _add_name)
HEAL = Command("heal", "end a fault", _end, _add_name)
