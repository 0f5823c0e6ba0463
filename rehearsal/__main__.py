"""``python -m rehearsal``: the internet in a box, for people and scripts alike."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict

from rehearsal.faults import FAULTS, Active, FaultError
from rehearsal.inside import alarms, control, ticks
from rehearsal.inside.control import RefusedByWorldError
from rehearsal.inside.functions import FunctionRuntimeError
from rehearsal.inside.mailbox import Mailbox, printed
from rehearsal.machine.machine import UnfitMachineError
from rehearsal.machine.namespaces import WorldError
from rehearsal.machine.parts import PartError
from rehearsal.machine.roots import RootError
from rehearsal.machine.workplace import BusyError, Workplace
from rehearsal.outside.client import CommandFailedError
from rehearsal.outside.deployment import DeploymentError
from rehearsal.outside.world import NoRehearsalError, World, WorldDiedError, down
from rehearsal.story import story
from rehearsal.story.step import StepFailedError
from rehearsal.story.transcript import Transcript

EXPECTED = (
    BusyError,
    CommandFailedError,
    DeploymentError,
    FaultError,
    FunctionRuntimeError,
    NoRehearsalError,
    PartError,
    RefusedByWorldError,
    RootError,
    UnfitMachineError,
    WorldDiedError,
    WorldError,
    StepFailedError,
)

LEFT_RUNNING = """
The registry {domain} runs at {address}, in a world of its own. In that world:
  python -m rehearsal client -- docker login --username {username} --password {password} {domain}
  python -m rehearsal client -- skopeo list-tags docker://{domain}/NAME
From this machine:
  curl --resolve {domain}:443:{address} --cacert {ca_bundle} --user {username} https://{domain}/v2/_catalog
On the server:
  python -m rehearsal exec -- docker ps
The emulated AWS:
  AWS_ENDPOINT_URL={aws_endpoint_url}
End it:
  python -m rehearsal down"""


def main() -> int:
    """Run one command; returns its exit code."""
    arguments = _parser().parse_args()
    command: Callable[[Workplace, argparse.Namespace], int] = arguments.command
    try:
        return command(Workplace.of_this_machine(), arguments)
    except EXPECTED as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. `python -m rehearsal down` removes whatever may be left.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rehearsal",
        description="Without a command: the whole story, from an empty account to `cdk destroy`. Nothing is left.",
    )
    parser.set_defaults(command=tell)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    starting = commands.add_parser("up", help="deploy the registry, leave it running, and say how to log in")
    starting.add_argument(
        "--hosts", type=_count, default=1, metavar="N", help="how many hosts serve (default 1)"
    )
    starting.set_defaults(command=leave_running)
    status = commands.add_parser("status", help="what runs, and how to reach it")
    status.add_argument("--json", action="store_true", help="for programs")
    status.set_defaults(command=show_status)
    executing = commands.add_parser("exec", help="run a command on the host, as root")
    executing.add_argument("argv", nargs="+", metavar="CMD")
    executing.set_defaults(command=run_on_host)
    visiting = commands.add_parser("client", help="run a command as somebody on the rehearsal's internet")
    visiting.add_argument("argv", nargs="+", metavar="CMD")
    visiting.set_defaults(command=run_as_client)
    _add_operations(commands)
    ending = commands.add_parser("down", help="end the rehearsal and remove what is left of it")
    ending.set_defaults(command=end)
    return parser


def _add_operations(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    ticking = commands.add_parser("tick", help="one turn of a schedule, and what came of it, as JSON")
    ticking.add_argument("job", choices=ticks.JOBS)
    ticking.add_argument("--at", metavar="ISO", help="when it is, for the function (default: now)")
    ticking.set_defaults(command=tick)
    watching = commands.add_parser("alarms", help="CloudWatch's look at every alarm, and what it says")
    watching.add_argument("--at", metavar="ISO", help="when it looks (default: now)")
    watching.add_argument("--json", action="store_true", help="for programs")
    watching.set_defaults(command=show_alarms)
    reading = commands.add_parser("mail", help="what the mailbox got, and who is to confirm a subscription")
    reading.add_argument("--json", action="store_true", help="for programs")
    reading.add_argument("--confirm", action="store_true", help="follow the links of pending subscriptions")
    reading.set_defaults(command=show_mail)
    listing = commands.add_parser("faults", help="what can be broken, and what is")
    listing.set_defaults(command=list_faults)
    for name, command, text in (("fault", break_it, "break it"), ("heal", mend_it, "mend what was broken")):
        breaking = commands.add_parser(name, help=text)
        breaking.add_argument("name", choices=FAULTS, metavar="NAME")
        breaking.set_defaults(command=command)


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 5:
        raise argparse.ArgumentTypeError(f"{number} hosts; 1 to 5 fit on one machine")
    return number


def tell(workplace: Workplace, arguments: argparse.Namespace) -> int:
    """The whole story; exit code 0 only if every step held."""
    del arguments
    with Transcript(workplace) as transcript:
        held = story.tell(workplace, transcript)
    return 0 if held else 1


def leave_running(workplace: Workplace, arguments: argparse.Namespace) -> int:
    """Deploy, and stay."""
    with Transcript(workplace) as transcript:
        story.set_up(workplace, transcript, hosts=arguments.hosts)
    return show_status(workplace, argparse.Namespace(json=False))


def show_status(workplace: Workplace, arguments: argparse.Namespace) -> int:
    """What runs now."""
    world = World.running(workplace)
    status = world.status()
    if arguments.json:
        print(json.dumps(status, indent=2))
        return 0
    print(LEFT_RUNNING.format(**status))
    return 0


def run_on_host(workplace: Workplace, arguments: argparse.Namespace) -> int:
    """Become a command on the newest host."""
    world = World.running(workplace)
    hosts = world.hosts()
    if not hosts:
        raise NoRehearsalError("no host has power; `python -m rehearsal status --json` shows what there is")
    return _become(world.host_command(hosts[-1], arguments.argv))


def run_as_client(workplace: Workplace, arguments: argparse.Namespace) -> int:
    """Become a command of the client."""
    return _become(World.running(workplace).client().command(arguments.argv))


def tick(workplace: Workplace, arguments: argparse.Namespace) -> int:
    """Exit code 0 if the function ended well."""
    World.running(workplace)
    told = control.ask(workplace, "tick", job=arguments.job, at=arguments.at)
    print(json.dumps(told, indent=2))
    return 1 if told["error"] else 0


def show_alarms(workplace: Workplace, arguments: argparse.Namespace) -> int:
    """Exit code 0 whatever they say: a command that looks has worked when it has looked."""
    World.running(workplace)
    states = control.ask(workplace, "alarms", at=arguments.at)
    print(json.dumps(states, indent=2) if arguments.json else "\n".join(map(alarms.printed, states)))
    return 0


def show_mail(workplace: Workplace, arguments: argparse.Namespace) -> int:
    """What was delivered, after following the links that confirm if that is wanted."""
    world = World.running(workplace)
    mailbox = Mailbox(workplace)
    if arguments.confirm:
        for link in {mail.link for mail in mailbox.read() if mail.link}:
            world.client().run("curl", "--fail", "--silent", "--show-error", link)
    subscriptions = [
        {
            "endpoint": each["Endpoint"],
            "state": "pending" if each["SubscriptionArn"] == "PendingConfirmation" else "confirmed",
        }
        for each in world.aws("sns").list_subscriptions()["Subscriptions"]
    ]
    if arguments.json:
        mails = [asdict(mail) for mail in mailbox.read()]
        print(json.dumps({"subscriptions": subscriptions, "mail": mails}, indent=2))
        return 0
    for mail in mailbox.read():
        print(printed(mail), end="\n\n")
    for each in subscriptions:
        print(f"{each['endpoint']}: {each['state']}")
    return 0


def list_faults(workplace: Workplace, arguments: argparse.Namespace) -> int:
    """Each with what it does; those that are there now are marked."""
    del arguments
    there = Active(workplace).names()
    for name, fault in FAULTS.items():
        print(f"{'*' if name in there else ' '} {name:24} {fault.what}")
    return 0


def break_it(workplace: Workplace, arguments: argparse.Namespace) -> int:
    """Until it is healed."""
    Active(workplace).begin(World.running(workplace), arguments.name)
    print(f"{arguments.name}: {FAULTS[arguments.name].what}")
    return 0


def mend_it(workplace: Workplace, arguments: argparse.Namespace) -> int:
    """As it was before the fault."""
    Active(workplace).end(World.running(workplace), arguments.name)
    print(f"{arguments.name}: healed")
    return 0


def end(workplace: Workplace, arguments: argparse.Namespace) -> int:
    """End everything."""
    del arguments
    print(
        "The rehearsal has ended." if down(workplace) else "No rehearsal ran; leftovers, if any, are removed."
    )
    return 0


def _become(command: list[str]) -> int:
    sys.stdout.flush()
    os.execvp(command[0], command)


if __name__ == "__main__":
    sys.exit(main())
