"""What something costs in the rehearsal that is up: seconds, requests to S3 and to the rest of AWS, bytes."""

import json
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench.page import Target
from rehearsal.contract import product, run_directory
from rehearsal.outside.client import CommandFailedError
from rehearsal.outside.world import World

# The end of the longest measurement.
MOST_SECONDS = 180
DOOR, ENGINE = "door", "bare engine"
# The rows of a table, and targets.
Measured = tuple[Mapping[str, str], Sequence[Target]]
# A line of the front's log: address, time, host, request.
LINE = re.compile(r'^\S+ \[[^]]+\] (\S+) "(\S+ \S+) ')
# The engine looks at the root of its storage every 30 seconds.
OWN_CHECK = re.compile(r"^HEAD /$|[?&]prefix=(&|$)")


@dataclass(slots=True)
class Cost:
    """`status` is HTTP's, or empty where the time was over."""

    seconds: float = 0.0
    s3: int = 0
    aws: int = 0
    bytes: int = 0
    status: str = ""

    def cells(self) -> str:
        """For a table."""
        if self.status == "timeout":
            return f"> {MOST_SECONDS} s, {self.s3}"
        return f"{seconds(self.seconds)}, {self.s3}"


@dataclass(frozen=True, slots=True)
class Meter:
    world: World

    @contextmanager
    def measured(self) -> Iterator[Cost]:
        """The cost is complete at the end of the block."""
        log = self.world.workplace.run / run_directory.FRONT_LOG
        start, begun, cost = log.stat().st_size, time.monotonic(), Cost()
        yield cost
        cost.seconds = cost.seconds or time.monotonic() - begun
        # nginx logs a request after its answer.
        time.sleep(0.1)
        with log.open("rb") as lines:
            lines.seek(start)
            cost.s3, cost.aws = requests(lines.read().decode(errors="replace"))

    def ask(self, path: str, *options: str, at: str = DOOR, limit: float = MOST_SECONDS) -> Cost:
        """One request on the newest host, through its front door or to the engine behind it."""
        url = f"http://{product.REGISTRY_ON_HOST}"
        login: tuple[str, ...] = ()
        if at == DOOR:
            url, resolve = f"https://{self.world.domain}", f"{self.world.domain}:443:127.0.0.1"
            login = ("--config", product.PROOF_LOGIN, "--resolve", resolve)
        form = '{"status": "%{http_code}", "seconds": %{time_total}, "bytes": %{size_download}}'
        with self.measured() as cost:
            done = self.on_host(
                *("curl", "--silent", "--globoff", "--max-time", str(limit), "--output", "/dev/null"),
                *("--write-out", form, *login, *options, url + path),
                limit=limit,
            )
            told = json.loads(done.stdout)
            cost.seconds, cost.bytes, cost.status = told["seconds"], told["bytes"], told["status"]
            if done.returncode:
                cost.status = "timeout"
        return cost

    def run(self, *argv: str, limit: float = MOST_SECONDS) -> Cost:
        """A command on the newest host.

        Raises:
            CommandFailedError: its exit code is not 0.
        """
        with self.measured() as cost:
            done = self.on_host(*argv, limit=limit)
        if done.returncode:
            raise CommandFailedError(f"{' '.join(argv)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return cost

    def on_host(self, *argv: str, stdin: str = "", limit: float = MOST_SECONDS) -> subprocess.CompletedProcess[str]:
        return self.world.run_on_host(self.world.hosts()[-1], *argv, stdin=stdin, timeout_seconds=limit + 30)


def requests(log: str) -> tuple[int, int]:
    """How many requests went to S3, without the engine's own check, and how many to the rest of AWS."""
    found = [match.groups() for match in map(LINE.match, log.splitlines()) if match]
    to_s3 = [request for host, request in found if ".s3." in f".{host}"]
    elsewhere = [host for host, _ in found if host.endswith("amazonaws.com") and ".s3." not in f".{host}"]
    return sum(not OWN_CHECK.search(request) for request in to_s3), len(elsewhere)


def seconds(value: float) -> str:
    """For a table: "1.2 s", or milliseconds below one second."""
    return f"{value:.1f} s" if value >= 1 else f"{1000 * value:.0f} ms"
