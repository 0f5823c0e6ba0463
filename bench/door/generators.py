"""The programs that put load on a set-up: bench/load, wrk and curl, all inside the room."""

import base64
import json
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from subprocess import Popen
from typing import Any

from bench.door.setups import DELAYED_ADDRESS, PASSWORD, USER, Setup, Stand

ACCEPT = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json"

Numbers = Mapping[str, float]


def load(stand: Stand, setup: Setup, verb: str, *options: str, user: str = USER, seconds: float | None = None) -> Any:
    """The result of one command of bench/load, which may take so many seconds."""
    return json.loads(stand.room.run(*_load(setup, verb, options, user), timeout_seconds=seconds).stdout)


def load_command(stand: Stand, setup: Setup, verb: str, *options: str, user: str = USER) -> list[str]:
    """The command of the machine for one command of bench/load."""
    return stand.room.command(_load(setup, verb, options, user))


def _load(setup: Setup, verb: str, options: Sequence[str], user: str) -> tuple[str, ...]:
    login = (f"-user={user}", f"-password={PASSWORD}") if setup.login else ()
    return ("/opt/load", verb, f"-url={setup.url}", *login, *options)


@contextmanager
def guessers(stand: Stand, setup: Setup, threads: int, seconds: float, at: str = USER) -> Iterator[Popen[str]]:
    """Guess passwords of the user `at`, from the address that all clients here have."""
    options = (f"-user={at}", f"-for={seconds}s", f"-threads={threads}")
    argv = stand.room.command(["/opt/load", "guess", f"-url={setup.url}", *options])
    with Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as running:
        time.sleep(1)
        try:
            yield running
        finally:
            running.terminate()


def wrk(stand: Stand, url: str, connections: int, seconds: int, login: bool = False, many: int = 0) -> Numbers:
    """Requests per second, and p50, p95, p99 in milliseconds. `many`: of URLs with the numbers up to it at the end."""
    amounts = (f"--threads={min(2, connections)}", f"--connections={connections}", f"--duration={seconds}s")
    script = "tags" if many else "wrk"
    argv = ["wrk", *amounts, "--timeout=30s", f"--script=/opt/{script}.lua", "--header", f"Accept: {ACCEPT}"]
    if login:
        argv += ["--header", f"Authorization: Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"]
    numbers = ("--", str(many)) if many else ()
    told = json.loads(stand.room.run(*argv, url, *numbers).stdout.strip().splitlines()[-1])
    if told["failed"]:
        raise RuntimeError(f"{url}: {told['failed']} of {told['requests']} requests failed")
    return {"rps": told["requests"] / told["seconds"], **{key: told[key] for key in ("p50", "p95", "p99")}}


def ask_once(stand: Stand, setup: Setup, path: str, user: str = USER) -> str:
    """The status of the answer."""
    login = ("--user", f"{user}:{PASSWORD}") if setup.login else ()
    curl = ("curl", "--silent", "--insecure", "--output", "/dev/null", "--write-out", "%{http_code}")
    return stand.room.run(*curl, "--header", f"Accept: {ACCEPT}", *login, setup.url + path).stdout


def s3_requests(stand: Stand) -> int:
    """The number of requests to S3 since the last call."""
    return int(stand.room.run("curl", "--silent", f"http://{DELAYED_ADDRESS}/-/count").stdout)
