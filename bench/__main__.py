"""Measure one subject, and write its targets into RESULTS.md and its tables into results/."""

import argparse
import datetime
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import browser, clients, faults, functions, memory, page, restore, synth, user_data
from bench.deaths import subject as deaths
from bench.dependencies import subject as dependencies
from bench.dependencies import world as days
from bench.door import comparison, exactness, pulls
from bench.growth import subject as growth
from bench.migration import large_layer
from bench.migration import subject as migrate
from bench.region import subject as region
from bench.rolling import subject as rolling
from bench.soak import subject as soak
from bench.upgrades import subject as upgrades
from rehearsal.error import RehearsalError
from rehearsal.machine.root_layers import Say


@dataclass(frozen=True, slots=True)
class Subject:
    """`measure` returns False where a target that it enforces is missed."""

    about: str
    measure: Callable[[argparse.Namespace, Say], bool]
    add_options: Callable[[argparse.ArgumentParser], None] = lambda _: None


SUBJECTS = {
    "door": Subject("the front door beside other registries (root)", comparison.measure, comparison.add_options),
    "exactness": Subject("whether cached tags are exact (root)", exactness.measure, exactness.add_options),
    "browser": Subject("the page in a real browser (root)", browser.measure),
    "pulls": Subject("what a pull asks our front door, beside bare (root)", pulls.measure_pulls, pulls.add_options),
    "clients": Subject("clients that log in, push and pull (a rehearsal is up)", clients.measure),
    "days": Subject("bad days of all that a registry needs (a rehearsal is up)", days.measure, days.add_options),
    "deaths": Subject("hosts and processes that die (a rehearsal is up)", deaths.measure, deaths.add_options),
    "dependencies": Subject("bad days of S3 and metadata (root)", dependencies.measure, dependencies.add_options),
    "faults": Subject("the mails about faults (a rehearsal is up)", faults.measure, faults.add_options),
    "functions": Subject("size and import time of the functions' package", functions.measure),
    "growth": Subject("what grows with the bucket (a rehearsal is up)", growth.measure, growth.add_options),
    "rolling": Subject("clients while the host is replaced (a rehearsal is up)", rolling.measure, rolling.add_options),
    "memory": Subject("memory of a small host, from its first boot on (root)", memory.measure),
    "large-layer": Subject(
        "a layer of 10 GB: pushed, broken off, copied (root)", large_layer.measure, large_layer.add_options
    ),
    "migrate": Subject("a registry copied into ours, beside skopeo sync (root)", migrate.measure),
    "region": Subject("a registry from the copy in another region (root)", region.measure),
    "restore": Subject("images that people deleted (a rehearsal is up)", restore.measure),
    "soak": Subject("pushes and pulls while everything is killed (root)", soak.measure, soak.add_options),
    "synth": Subject("time and memory of one synth", synth.measure),
    "upgrades": Subject("upgrades under load (a rehearsal is up)", upgrades.measure, upgrades.add_options),
    "user-data": Subject("seconds until a new host serves (root)", user_data.measure, user_data.add_options),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    subjects = parser.add_subparsers(metavar="SUBJECT [OPTIONS]", required=True)
    for name, subject in SUBJECTS.items():
        command = subjects.add_parser(name, help=subject.about, description=subject.about)
        about = f"the page of targets; tables go into results/ beside it (default: {page.PAGE})"
        command.add_argument("--output", type=Path, default=page.PAGE, metavar="PAGE", help=about)
        subject.add_options(command)
        command.set_defaults(measure=subject.measure)
    arguments = parser.parse_args()
    if not arguments.output.parent.is_dir():
        parser.error(f"--output {arguments.output}: there is no folder {arguments.output.parent}")
    try:
        return 0 if arguments.measure(arguments, say) else 1
    except (RehearsalError, RuntimeError) as error:
        sys.exit(f"The bench stopped: {error}")


def say(text: str) -> None:
    print(f"{datetime.datetime.now():%H:%M:%S} {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
