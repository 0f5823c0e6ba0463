"""The front door beside other set-ups, in one room."""

import argparse
import datetime
import os
import platform
import time

from bench import page
from bench.door import plot, report
from bench.door.measure import FULL, QUICK, Size
from bench.door.rounds import Results, measure_stand
from bench.door.setups import BCRYPT_COST, DELAY_MILLISECONDS, STORAGES, Peer, stand_up
from bench.door.targets import pull_targets, targets
from rehearsal.machine import fitness, parts
from rehearsal.machine.root_layers import Say
from rehearsal.machine.workplace import Workplace


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=5, help="the numbers are medians of them (default: 5)")
    parser.add_argument("--quick", action="store_true", help="measure shorter, with smaller layers for many clients")
    parser.add_argument("--storage", choices=STORAGES, action="append", help="only this one; default: both")
    parser.add_argument(
        "--peer", type=Peer.parse, action="append", default=[], metavar="NAME=COMMAND@URL",
        help="compare another registry on its own file system, started by COMMAND with this machine's files; it "
        "keeps all pushed layers, 5 GB a round",
    )  # fmt: skip


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    """Returns True: a missed target is a result."""
    fitness.make_fit(Workplace.of_this_machine(), say)
    results = Results()
    size = QUICK if arguments.quick else FULL
    names = [peer.name for peer in arguments.peer]
    for storage in arguments.storage or STORAGES:
        started = time.monotonic()
        with stand_up(storage, arguments.peer if storage == "filesystem" else [], say) as stand:
            measure_stand(stand, results, arguments.rounds, size, say)
        about = conditions(size, arguments.rounds, time.monotonic() - started)
        text = f"{about}\n\n{report.section(results, storage, names, size.connections)}"
        arguments.output.with_name("front-door.svg").write_text(plot.plot(results, names))
        page.report(arguments.output, "door", {STORAGES[storage]: text}, targets(results, size, names))
    page.report(arguments.output, "tags", {}, pull_targets(results))
    return True


def conditions(size: Size, rounds: int, seconds: float) -> str:
    """The machine, the programs, and the amounts."""
    layers = ", ".join(f"{megabytes} MB for {count}" for count, megabytes in size.push_megabytes.items())
    return (
        f"{datetime.date.today().isoformat()}, {os.cpu_count()} cores shared by servers, clients and S3, "
        f"Linux {platform.release()}, load of the last 15 min {os.getloadavg()[2]:.1f}; medians of {rounds} rounds"
        f"{', --quick' if size is QUICK else ''}; {seconds / 60:.0f} min.\n\n"
        f"registry {parts.REGISTRY.version}, nginx of Debian 13, versitygw {parts.VERSITYGW.version} in memory behind "
        f"{DELAY_MILLISECONDS} ms per request, bcrypt cost {BCRYPT_COST}. wrk sends requests, bench/load all else. "
        f"Pushed layers by the number of clients: {layers}. Pulled layers: {size.push_megabytes[1]} MB. Set-ups that "
        f"check bcrypt each time, and the tutorial's layers, are measured in {size.slow_rounds} of the rounds, their "
        "storms in one. Trust ratios, not numbers."
    )
