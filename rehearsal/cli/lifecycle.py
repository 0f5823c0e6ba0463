"""The whole story; ``up`` and ``down``."""

import argparse

from rehearsal.cli import status
from rehearsal.cli.command import Command
from rehearsal.contract.order import Choices
from rehearsal.contract.world_network import ADDRESS_LAG_SECONDS
from rehearsal.first_boot.troubles import TROUBLES
from rehearsal.machine.roots import RELEASES
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.lifecycle import AS_USUAL, down
from rehearsal.outside.world import World
from rehearsal.story import telling
from rehearsal.story.transcript import Transcript

MOST_HOSTS = 5


def tell_story(workplace: Workplace, _arguments: argparse.Namespace) -> int:
    """Exit code 0 only if every step succeeded."""
    with Transcript(workplace) as transcript:
        return 0 if telling.tell(workplace, transcript) else 1


def chosen(arguments: argparse.Namespace) -> Choices:
    """The world that the options of ``up`` ask for."""
    return Choices(
        domain=arguments.domain,
        host_release=arguments.host_release,
        host_memory_mib=arguments.host_memory,
        zones_without_type=tuple(arguments.no_type_in),
        address_lag_seconds=arguments.address_lag,
        other_region=arguments.other_region,
        troubles=tuple(arguments.trouble),
    )


def _leave_running(workplace: Workplace, arguments: argparse.Namespace) -> int:
    with Transcript(workplace) as transcript:
        telling.set_up(workplace, transcript, hosts=arguments.hosts, choices=chosen(arguments))
    status.print_for_people(World.running(workplace))
    return 0


def _end(workplace: Workplace, arguments: argparse.Namespace) -> int:
    ended = down(workplace, anyones=arguments.force)
    print("The rehearsal has ended." if ended else "No rehearsal ran; leftovers, if any, are removed.")
    return 0


def _add_choices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--hosts", type=_count, default=1, metavar="N", help=f"how many hosts serve, 1 to {MOST_HOSTS} (default: 1)"
    )
    domain = AS_USUAL.domain
    parser.add_argument("--domain", default=domain, metavar="NAME", help=f"the registry's name (default: {domain})")
    parser.add_argument(
        "--host-release",
        choices=RELEASES,
        default=AS_USUAL.host_release,
        help="the hosts' Debian (default: %(default)s)",
    )
    parser.add_argument("--host-memory", type=int, metavar="MIB", help="memory of a host (default: the machine's)")
    lag = f"how long an Elastic IP that moves leads nowhere (default: {ADDRESS_LAG_SECONDS:.0f})"
    parser.add_argument("--address-lag", type=float, default=ADDRESS_LAG_SECONDS, metavar="SECONDS", help=lag)
    parser.add_argument(
        "--no-type-in",
        action="append",
        default=[],
        metavar="ZONE",
        help="EC2 offers no instance type of the registry's in this zone, such as us-east-1a; can be repeated",
    )
    about = "a second region of the account, such as eu-west-1, for the setting replica_region"
    parser.add_argument("--other-region", default="", metavar="REGION", help=about)
    about = "; ".join(f"{name}: {trouble.what}" for name, trouble in TROUBLES.items())
    parser.add_argument(
        "--trouble", action="append", choices=TROUBLES, default=[], help=f"of the first boot; can be repeated. {about}"
    )


def _add_force(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="also a rehearsal that another directory started")


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= MOST_HOSTS:
        raise argparse.ArgumentTypeError(f"{number} hosts; 1 to {MOST_HOSTS} fit on one machine")
    return number


UP = Command("up", "deploy the registry, leave it running, and print how to log in", _leave_running, _add_choices)
DOWN = Command("down", "end the rehearsal and remove everything that is left of it", _end, _add_force)
