"""Seconds from user data's first line to "serving", on a first deployment: with nothing, with packages cached, with
packages installed. Each is one rehearsal of its own.
"""

import argparse
import re

from bench import page
from rehearsal.machine import roots
from rehearsal.machine.roots import Say
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.world import USERDATA, down, up
from rehearsal.story.steps import bootstrap, deploy
from rehearsal.story.story import story_in

SERVING = re.compile(r"serving after (\d+) s")


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    workplace = Workplace.of_this_machine()
    roots.make_golden(workplace, USERDATA, say)
    rows = []
    for name, root in (
        ("cold: every package from the mirrors, certbot from PyPI", roots.base(workplace, say)),
        ("packages in apt's cache", roots.stocked(workplace, USERDATA, say)),
        ("packages installed, certificate to be issued", roots.golden(workplace, USERDATA, say)),
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
    sections = {"From the first line to serving": page.table(("host", "seconds"), rows)}
    return page.report(arguments.output, "user-data", sections)
