"""One measurement of one set-up each: what is asked, with what, and in which units the answer is."""

import base64
import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.setups import DELAYED_ADDRESS, OURS, PASSWORD, USER, Setup, Stand, add_user

ACCEPT = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json"
# A set-up that checks bcrypt at each request needs minutes for a storm.
LONGEST_STORM_SECONDS = 30

Numbers = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Size:
    """How long and how much; `layer_megabytes` by the number of clients, `slow_rounds` the most for a slow set-up."""

    wrk_seconds: int
    connections: tuple[int, ...]
    layer_megabytes: Mapping[int, int]
    storm_clients: int
    slow_rounds: int


FULL = Size(3, (1, 8, 64), {1: 500, 10: 500, 50: 100}, 200, 5)
QUICK = Size(1, (1, 8, 64), {1: 500, 10: 50, 50: 10}, 200, 1)


def authorization(setup: Setup) -> str:
    login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    return f"Basic {login}" if setup.login else ""


def load(
    stand: Stand,
    setup: Setup,
    command: str,
    *options: str,
    user: str = USER,
    timeout_seconds: float | None = None,
) -> Any:
    login = (f"-user={user}", f"-password={PASSWORD}") if setup.login else ()
    argv = stand.room.command(["/opt/load", command, f"-url={setup.url}", *login, *options], {})
    done = subprocess.run(
        argv, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=timeout_seconds
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command} against {setup.name} on {stand.storage}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def s3_requests(stand: Stand) -> int:
    """Since it was asked last."""
    told = stand.room.run("curl", "--silent", f"http://{DELAYED_ADDRESS}/-/counts").stdout
    return sum(json.loads(told).values())


def wrk(stand: Stand, url: str, connections: int, seconds: int, authorization: str = "") -> Numbers:
    """Requests per second, and p50, p95, p99 in milliseconds."""
    # fmt: off
    argv = [
        "wrk", f"--threads={min(2, connections)}", f"--connections={connections}", f"--duration={seconds}s",
        "--timeout=30s", "--script=/opt/report.lua", "--header", f"Accept: {ACCEPT}",
    ]
    # fmt: on
    if authorization:
        argv += ["--header", f"Authorization: {authorization}"]
    line = stand.room.run(*argv, url).stdout.strip().splitlines()[-1]
    told = json.loads(line)
    if told["failed"]:
        raise RuntimeError(f"{url}: {told['failed']} of {told['requests']} requests failed")
    return {"rps": told["requests"] / told["seconds"], **{key: told[key] for key in ("p50", "p95", "p99")}}


def ask_once(stand: Stand, setup: Setup, url: str) -> None:
    login = ("--user", f"{USER}:{PASSWORD}") if setup.login else ()
    stand.room.run(
        "curl",
        "--silent",
        "--insecure",
        "--header",
        f"Accept: {ACCEPT}",
        "--output",
        "/dev/null",
        *login,
        url,
    )


def requests(stand: Stand, setup: Setup, kind: str, connections: int, seconds: int) -> Numbers:
    path = "/v2/" if kind == "/v2/" else stand.image[setup.name][kind]
    if setup.slow:
        # Each connection should see a few answers.
        seconds = max(seconds, connections // 5)
    # The first login, the first read: not what is measured here.
    ask_once(stand, setup, setup.url + path)
    s3_requests(stand)
    seen = wrk(stand, setup.url + path, connections, seconds, authorization(setup))
    asked = s3_requests(stand)
    if setup.slow:
        wait_until_idle(stand, setup)
    return {**seen, "s3": asked / max(1, seen["rps"] * seconds)}


def wait_until_idle(stand: Stand, setup: Setup) -> None:
    """Clients that gave up leave their requests in the servers' queues, and bcrypt goes on for them."""
    while True:
        before = stand.cpu_seconds(setup)
        time.sleep(0.5)
        if stand.cpu_seconds(setup) - before < 0.1:
            return


def storm(stand: Stand, setup: Setup, clients: int, number: int) -> Numbers | None:
    """None: not over after LONGEST_STORM_SECONDS. Our door has never seen the image, nor who pulls it."""
    repository, user = f"bench/storm-{number}", f"storm-{number}" if setup.name == OURS else USER
    if setup.name == OURS:
        add_user(stand, user)
    load(stand, setup, "image", f"-repository={repository}")
    s3_requests(stand)
    before = stand.cpu_seconds(setup)
    options = (f"-clients={clients}", f"-repository={repository}")
    try:
        told = load(stand, setup, "storm", *options, user=user, timeout_seconds=LONGEST_STORM_SECONDS)
    except subprocess.TimeoutExpired:
        wait_until_idle(stand, setup)
        return None
    return {**told, "cpu_seconds": stand.cpu_seconds(setup) - before, "s3": s3_requests(stand)}


def layers(stand: Stand, setup: Setup, clients: int, megabytes: int) -> dict[str, Numbers]:
    """Each client pushes a layer of its own, then all pull the first; MB/s together, CPU of the set-up's servers."""
    results: dict[str, Numbers] = {}
    digest = ""
    for direction in ("push", "pull"):
        before = stand.cpu_seconds(setup)
        about = (f"-mb={megabytes}",) if direction == "push" else (f"-digest={digest}",)
        told = load(stand, setup, direction, f"-clients={clients}", *about)
        digest = told.pop("digest", digest)
        moved = clients * megabytes
        results[direction] = {
            "mb_per_second": moved / told["slowest_seconds"],
            "slowest_seconds": told["slowest_seconds"],
            "cpu_per_gb": (stand.cpu_seconds(setup) - before) / (moved / 1000),
            "host_bytes_per_gb": told["registry_bytes"] / (moved / 1000),
        }
    forget_layers(stand)
    return results


def forget_layers(stand: Stand) -> None:
    """The room's storage is memory: give back what was pushed, large blobs only."""
    stand.room.run("find", "/srv", "-name", "data", "-size", "+5M", "-delete")
    stand.room.run("find", "/srv/buckets", "-size", "+5M", "-delete")


def handshakes(stand: Stand, setup: Setup, seconds: int) -> Numbers | None:
    """New connections per second; None for a set-up without TLS."""
    if not setup.url.startswith("https"):
        return None
    full = load(stand, setup, "handshakes", f"-seconds={seconds}")
    again = load(stand, setup, "handshakes", f"-seconds={seconds}", "-resume")
    return {
        "full": full["per_second"],
        "resumed": again["per_second"],
        "resumed_share": again["resumed_share"],
    }


def guessing(stand: Stand, setup: Setup, seconds: int) -> Numbers | None:
    """p50 and p95 of one user who pulls manifests by tag, in milliseconds, idle and while four threads guess."""
    if not setup.login:
        return None
    address = setup.url + stand.image[setup.name]["tag"]
    ask_once(stand, setup, address)
    idle = wrk(stand, address, 1, seconds, authorization(setup))
    guesser = subprocess.Popen(
        stand.room.command(
            ["/opt/load", "guess", f"-url={setup.url}", f"-user={USER}", f"-seconds={seconds + 2}"], {}
        ),
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    try:
        stand.room.run("sleep", "1")
        attacked = wrk(stand, address, 1, seconds, authorization(setup))
    finally:
        told, _ = guesser.communicate()
    return {
        "idle_p50": idle["p50"],
        "idle_p95": idle["p95"],
        "p50": attacked["p50"],
        "p95": attacked["p95"],
        "attempts": json.loads(told)["attempts_per_second"],
    }
