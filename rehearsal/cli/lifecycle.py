"""The whole story; ``up`` and ``down``."""

import argparse

from rehearsal.cli import status
from rehearsal.cli.command import Command
from rehearsal.first_boot.troubles import TROUBLES
from rehearsal.machine.roots import RELEASE, RELEASES
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.lifecycle import down
from rehearsal.outside.world import World
from rehearsal.story import telling
from rehearsal.story.transcript import Transcript

MOST_HOSTS = 5


def tell_story(workplace: Workplace, _arguments: argparse.Namespace) -> int:
    """Exit code 0 only if every step succeeded."""
    with Transcript(workplace) as transcript:
        return 0 if telling.tell(workplace, transcript) else 1


def _leave_running(workplace: Workplace, arguments: argparse.Namespace) -> int:
    with Transcript(workplace) as transcript:
        telling.set_up(
            workplace,
            transcript,
            hosts=arguments.hosts,
            host_release=arguments.host_release,
            troubles=arguments.trouble,
        )
    status.print_for_people(World.running(workplace))
    return 0


def _end(workplace: Workplace, _arguments: argparse.Namespace) -> int:
    ended = down(workplace)
    print("The rehearsal has ended." if ended else "No rehearsal ran; leftovers, if any, are removed.")
    return 0


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--hosts", type=_count, default=1, metavar="N", help=f"how many hosts serve, 1 to {MOST_HOSTS} (default: 1)"
    )
    parser.add_argument(
        "--host-release", choices=RELEASES, default=RELEASE, help=f"the hosts' Debian (default: {RELEASE})"
    )
    about = "; ".join(f"{name}: {trouble.what}" for name, trouble in TROUBLES.items())
    parser.add_argument(
        "--trouble", action="append", choices=TROUBLES, default=[], help=f"of the first boot, may be repeated. {about}"
    )


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= MOST_HOSTS:
        raise argparse.ArgumentTypeError(f"{number} hosts; 1 to {MOST_HOSTS} fit on one machine")
    return number


UP = Command("up", "deploy the registry, leave it running, and print how to log in", _leave_running, _add_options)
DOWN = Command("down", "end the rehearsal and remove everything that is left of it", _end)
