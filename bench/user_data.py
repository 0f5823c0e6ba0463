"""Seconds from a host's boot to "serving", on a first deployment: with nothing, with packages cached, with
packages installed. Each is one rehearsal of its own.
"""

import argparse
import re

from bench import page
from rehearsal.machine import roots
from rehearsal.machine.root_layers import Say
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.golden_root import golden, make_golden, stocked
from rehearsal.outside.lifecycle import down, up
from rehearsal.story.deploying import bootstrap, deploy
from rehearsal.story.telling import story_in

SERVING = re.compile(r"serving after (\d+) s")


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    workplace = Workplace.of_this_machine()
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
    sections = {"From the boot to serving": page.table(("host", "seconds"), rows)}
    return page.report(arguments.output, "user-data", sections)
