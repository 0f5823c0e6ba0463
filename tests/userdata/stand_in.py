#!/usr/bin/env python3
"""Stands in for a program on a host: answers as answers.json tells, and writes down what it was asked.

The first answer whose patterns match the call and what comes with it on standard input, and whose flag, if it needs
one, was given by an earlier call.
"""

import json
import re
import shutil
import sys
import time
from pathlib import Path


def main() -> int:
    # To the end: who writes to it must not find it gone.
    told = sys.stdin.read()
    here = Path(sys.argv[0]).parent
    call = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
    with (here / "calls").open("a") as calls:
        calls.write(call + "\n")
    for answer in json.loads((here / "answers.json").read_text()):
        if not re.search(answer["asked"], call) or not re.search(answer["told"], told):
            continue
        if answer["needs"] and not (here / f"flag-{answer['needs']}").exists():
            continue
        if answer["gives"]:
            (here / f"flag-{answer['gives']}").touch()
        if answer["copies"]:
            source, place = map(Path, answer["copies"])
            if source.is_dir():
                shutil.copytree(source, place, dirs_exist_ok=True)
            else:
                shutil.copyfile(source, place)
        time.sleep(answer["seconds"])
        sys.stdout.write(answer["says"])
        sys.stderr.write(answer["complains"])
        return int(answer["code"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
