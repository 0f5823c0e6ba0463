"""The front door beside what people would have instead: `python -m bench`, or `make bench`."""

import argparse
import datetime
import os
import platform
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench import report
from bench.measure import FULL, QUICK
from bench.rounds import Results, measure_stand
from bench.setups import Peer, stand_up
from rehearsal.machine.parts import PartError
from rehearsal.machine.root_layers import RootError
from rehearsal.room.room import RoomError

RESULTS = Path(__file__).with_name("RESULTS.md")
PROGRAMS = ("unshare", "nsenter", "setpriv", "mmdebstrap")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of which the medians are taken (default: 5)")
    parser.add_argument(
        "--quick", action="store_true", help="shorter measurements, smaller layers at many clients"
    )
    parser.add_argument(
        "--storage", choices=("filesystem", "s3"), action="append", help="only this; default: both"
    )
    parser.add_argument(
        "--peer", type=Peer.parse, action="append", default=[], metavar="NAME=COMMAND@URL",
        help="another registry, started by COMMAND with this machine's files, compared on its own file system, "
        "where it keeps all that is pushed: 5 GB a round",
    )  # fmt: skip
    parser.add_argument("--output", type=Path, default=RESULTS, help=f"default: {RESULTS}")
    arguments = parser.parse_args()
    if not arguments.output.parent.is_dir():
        parser.error(f"--output {arguments.output}: there is no folder {arguments.output.parent}")
    if missing := missing_on_machine():
        sys.exit(f"The bench cannot run here: {missing}")
    results = Results()
    size = QUICK if arguments.quick else FULL
    started = time.monotonic()
    names = [peer.name for peer in arguments.peer]
    try:
        for storage in arguments.storage or ("filesystem", "s3"):
            peers = arguments.peer if storage == "filesystem" else []
            with stand_up(storage, peers, say) as stand:
                measure_stand(stand, results, arguments.rounds, size, say)
            about = describe(arguments.rounds, arguments.quick, time.monotonic() - started)
            write(arguments.output, results, names, size.connections, about)
    except (RoomError, RootError, PartError, RuntimeError) as error:
        sys.exit(f"The bench stopped: {error}")
    print(f"\n{report.target_table(results, names)}\n\nAll of it: {arguments.output}")


def write(
    output: Path, results: Results, peers: Sequence[str], connections: Sequence[int], about: str
) -> None:
    report.write_section(output, report.section(results, peers, connections, about))
    output.with_name("front-door.svg").write_text(report.plot(results, peers, max(connections)))


def say(text: str) -> None:
    print(f"{datetime.datetime.now():%H:%M:%S} {text}", flush=True)


def missing_on_machine() -> str:
    """What to do before it can run; empty if nothing."""
    if platform.system() != "Linux" or os.geteuid() != 0:
        return "it makes namespaces and mounts, which needs Linux and root. Run `sudo make bench`."
    lacking = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"{', '.join(lacking)} missing. Run `apt install util-linux mmdebstrap`." if lacking else ""


def describe(rounds: int, quick: bool, seconds: float) -> str:
    date = datetime.date.today().isoformat()
    load = os.getloadavg()[2]
    size = QUICK if quick else FULL
    layers = ", ".join(f"{megabytes} MB for {count}" for count, megabytes in size.push_megabytes.items())
    return (
        f"{date}, {os.cpu_count()} cores shared by servers, clients and S3, Linux {platform.release()}, "
        f"load of the last 15 min {load:.1f}; medians of {rounds} rounds{', --quick' if quick else ''}; "
        f"{seconds / 60:.0f} min. registry 3.1.2, nginx of Debian 13, versitygw 1.8.0 in memory behind 30 ms per "
        "request, wrk; storms, layers and handshakes by bench/load (Go). bcrypt cost 10. Pushed layers by the number "
        f"of clients: {layers}; pulled: {size.push_megabytes[1]} MB. Requests to set-ups that check bcrypt each time, "
        "and the tutorial's layers, are measured "
        f"in {size.slow_rounds} of the rounds, their storm in one. Trust ratios, not numbers."
    )


if __name__ == "__main__":
    main()
