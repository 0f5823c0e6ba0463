#!/usr/bin/env python3
"""Seconds from user data's first line to "serving", on a first deployment: cold, with packages cached, with packages
installed. Each is one rehearsal of its own; needs root.
"""

import re
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from rehearsal.machine import roots
from rehearsal.story.steps import bootstrap, deploy
from rehearsal.story.story import story_in
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.world import USERDATA, down, up

SERVING = re.compile(r"serving after (\d+) s")


def main() -> None:
    workplace = Workplace.of_this_machine()
    roots.make_golden(workplace, USERDATA, print)
    print("| host starts from | seconds to serving |\n|---|---|")
    for name, root in (
        ("a fresh image: packages and certbot from the network", roots.base(workplace, print)),
        ("a fresh image with the packages in apt's cache", roots.stocked(workplace, USERDATA, print)),
        ("an image with everything installed", roots.golden(workplace, USERDATA, print)),
    ):
        world = up(workplace, lambda _: None, detached=False, host_roots=(root,))
        try:
            story = story_in(world, lambda _: None)
            bootstrap(story)
            deploy(story)
            found = SERVING.search((workplace.run / "events.log").read_text())
            print(f"| {name} | {found[1] if found else 'never'} |", flush=True)
        finally:
            down(workplace)


if __name__ == "__main__":
    main()
