"""Seconds from a host's boot to "serving", on a first deployment: with nothing, with packages cached, with
packages installed. And what a deployment says that fails for want of an SSM agent. Each is one rehearsal of its own.
"""

import argparse
import re
import time

from bench import page
from rehearsal.contract.order import Choices
from rehearsal.first_boot.troubles import troubled_roots
from rehearsal.machine import roots
from rehearsal.machine.root_layers import Say
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.cdk import CdkFailedError
from rehearsal.outside.golden_root import golden, make_golden, stocked
from rehearsal.outside.lifecycle import down, up
from rehearsal.story.deploying import bootstrap, deploy
from rehearsal.story.telling import story_in

SERVING = re.compile(r"serving after (\d+) s")
ABOUT_NO_AGENT = (
    "The image has none, and AWS's package is not there. User data begins a quarter of an hour after the boot, so the"
    " 16 minutes in which a host tries end soon."
)
SIGNAL = re.compile("Received (SUCCESS|FAILURE) signal.*")


def add_options(parser: argparse.ArgumentParser) -> None:
    about = "only the deployment that fails for want of an SSM agent"
    parser.add_argument("--without-agent", action="store_true", help=about)


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    workplace = Workplace.of_this_machine()
    sections = {} if arguments.without_agent else {"From the boot to serving": _boots(workplace, say)}
    sections["A host without an SSM agent"] = _deploy_without_agent(workplace, say)
    return page.report(arguments.output, "user-data", sections)


def _boots(workplace: Workplace, say: Say) -> str:
    make_golden(workplace, say)
    rows = []
    for name, root in (
        ("cold: every package from the mirrors, certbot from PyPI", roots.base(workplace, say)),
        ("packages in apt's cache", stocked(workplace, say)),
        ("packages installed, certificate to be issued", golden(workplace, say)),
    ):
        world = up(workplace, lambda _: None, detached=False, host_roots=(root,))
        try:
            story = story_in(world, lambda _: None)
            bootstrap(story)
            deploy(story)
            found = SERVING.search((workplace.run / "events.log").read_text())
        finally:
            down(workplace)
        rows.append([name, found[1] if found else "never"])
        say(": ".join(rows[-1]))
    return page.table(("host", "seconds"), rows)


def _deploy_without_agent(workplace: Workplace, say: Say) -> str:
    """The host would try for 16 minutes from its boot; here that was 15 minutes ago when its user data begins."""
    choices = Choices(troubles=("agent-unobtainable", "user-data-late"))
    host_roots = troubled_roots(workplace, choices, say)
    world = up(workplace, lambda _: None, detached=False, host_roots=host_roots, choices=choices)
    try:
        story = story_in(world, lambda _: None)
        bootstrap(story)
        began = time.monotonic()
        try:
            ended = deploy(story)
        except CdkFailedError as failed:
            ended = next(found[0] for found in map(SIGNAL.search, str(failed).splitlines()) if found)
        seconds = time.monotonic() - began
        logs = world.aws("logs")
        (group,) = logs.describe_log_groups()["logGroups"]
        told = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
    finally:
        down(workplace)
    rows = [
        ["the deployment's event", ended],
        *(["the host log", each["message"].replace("\n", "<br>")] for each in told),
    ]
    return f"{ABOUT_NO_AGENT}\n\n{page.table(('where', f'what is told after {seconds:.0f} s'), rows)}"
