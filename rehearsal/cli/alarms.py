"""``alarms``: CloudWatch's look at every alarm."""

import argparse
import json
from dataclasses import asdict

from rehearsal.cli.command import Command, add_json, add_moment
from rehearsal.contract.tick_result import AlarmState
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.world import World


def for_people(alarm: AlarmState) -> str:
    """An alarm, with the outcomes of its actions if it just changed."""
    lines = [f"{alarm.state:17} {alarm.name}", f"  {alarm.description}", f"  {alarm.reason}"]
    if alarm.state != alarm.before:
        lines += [f"  was {alarm.before}", *(f"  {action}" for action in alarm.actions)]
    return "\n".join(lines)


def _show(workplace: Workplace, arguments: argparse.Namespace) -> int:
    """Exit code 0 in every state: looking is what was asked for."""
    states = World.running(workplace).control.alarms(arguments.at)
    print(json.dumps(list(map(asdict, states)), indent=2) if arguments.json else "\n".join(map(for_people, states)))
    return 0


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_moment(parser, "the time of the look")
    add_json(parser)


ALARMS = Command("alarms", "have CloudWatch look at every alarm, and print their states", _show, _add_arguments)
