"""One measurement of one set-up each: what is asked, with what, and in which units the answer is."""

import base64
import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import Popen
from typing import Any

from bench.setups import DELAYED_ADDRESS, OURS, PASSWORD, USER, Setup, Stand, add_users
from rehearsal.room.door import LOGINS, forget

ACCEPT = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json"
WAITING = ("logged in here before", "first login", "first login, of the user they guess at")
# As many as a few, as many as may wait to be checked, and more.
GUESSERS = (4, 19, 200)
# After it all that waited was checked: 20 at 2 a second.
GUESSES_FORGOTTEN_SECONDS = 11
LONGEST_LOGIN_SECONDS = 30
# A set-up that checks bcrypt at each request needs minutes for a storm.
LONGEST_STORM_SECONDS = 30

Numbers = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Size:
    """How long and how much.

    `push_megabytes` is of each client's layer, by the number of clients: all that is pushed at once lies in memory.
    What a single client pushes, all pull. `slow_rounds` are the most in which requests of slow set-ups are measured.
    """

    wrk_seconds: int
    connections: tuple[int, ...]
    push_megabytes: Mapping[int, int]
    storm_clients: int
    slow_rounds: int


FULL = Size(3, (1, 8, 64), {1: 500, 10: 500, 50: 100}, 200, 2)
QUICK = Size(1, (1, 8, 64), {1: 100, 10: 50, 50: 10}, 200, 1)


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


def ask_once(stand: Stand, setup: Setup, url: str, user: str = USER) -> str:
    """The status of the answer."""
    login = ("--user", f"{user}:{PASSWORD}") if setup.login else ()
    # fmt: off
    argv = [
        "curl", "--silent", "--insecure", "--header", f"Accept: {ACCEPT}", "--output", "/dev/null",
        "--write-out", "%{http_code}",
    ]
    # fmt: on
    return stand.room.run(*argv, *login, url).stdout


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
        add_users(stand, user)
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


def layers(stand: Stand, setup: Setup, push_megabytes: Mapping[int, int]) -> dict[str, Numbers]:
    """By "push" or "pull" and the number of clients: each pushes a layer of its own, all pull that of one."""
    results: dict[str, Numbers] = {}
    digest = ""
    for clients in sorted(push_megabytes, reverse=True):
        forget_layers(stand)
        megabytes = push_megabytes[clients]
        digest, results[f"push {clients}"] = transfer(
            stand, setup, "push", clients, megabytes, f"-mb={megabytes}"
        )
    for clients in push_megabytes:
        _, results[f"pull {clients}"] = transfer(
            stand, setup, "pull", clients, push_megabytes[1], f"-digest={digest}"
        )
    forget_layers(stand)
    return results


def transfer(
    stand: Stand, setup: Setup, direction: str, clients: int, megabytes: int, option: str
) -> tuple[str, Numbers]:
    """The digest of a layer that was pushed; MB/s together, CPU of the set-up's servers."""
    # As `docker login` does: this check of the password is not what is measured here.
    ask_once(stand, setup, f"{setup.url}/v2/")
    before = stand.cpu_seconds(setup)
    told = load(stand, setup, direction, f"-clients={clients}", option)
    moved = clients * megabytes
    return told.get("digest", ""), {
        "mb_per_second": moved / told["slowest_seconds"],
        "slowest_seconds": told["slowest_seconds"],
        "cpu_per_gb": (stand.cpu_seconds(setup) - before) / (moved / 1000),
        "host_bytes_per_gb": told["registry_bytes"] / (moved / 1000),
    }


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


@contextmanager
def guessers(
    stand: Stand, setup: Setup, threads: int, seconds: float, at: str = USER
) -> Iterator[Popen[str]]:
    """Somebody guesses passwords behind the same address as everybody else here."""
    options = (f"-user={at}", f"-seconds={seconds}", f"-threads={threads}")
    argv = stand.room.command(["/opt/load", "guess", f"-url={setup.url}", *options], {})
    with Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as running:
        time.sleep(1)
        try:
            yield running
        finally:
            running.terminate()


def guessing(stand: Stand, setup: Setup, seconds: int) -> Numbers | None:
    """p50 and p95 of one user who pulls manifests by tag, in milliseconds, idle and while four threads guess."""
    if not setup.login:
        return None
    address = setup.url + stand.image[setup.name]["tag"]
    ask_once(stand, setup, address)
    idle = wrk(stand, address, 1, seconds, authorization(setup))
    with guessers(stand, setup, 4, seconds + 2) as guesser:
        attacked = wrk(stand, address, 1, seconds, authorization(setup))
        told, _ = guesser.communicate()
    return {
        "idle_p50": idle["p50"],
        "idle_p95": idle["p95"],
        "p50": attacked["p50"],
        "p95": attacked["p95"],
        "attempts": json.loads(told)["attempts_per_second"],
    }


def waiting(stand: Stand, setup: Setup, number: int) -> Numbers:
    """Seconds until our door lets in a user whose login is not cached, while some guess behind the same address."""
    numbers: dict[str, float] = {}
    for threads in GUESSERS:
        new, guessed = f"new-{number}-{threads}", f"guessed-{number}-{threads}"
        add_users(stand, new, guessed)
        with guessers(stand, setup, threads, 4 * LONGEST_LOGIN_SECONDS, at=guessed):
            # As at the end of a minute.
            forget(stand.room, LOGINS)
            for who, user in zip(WAITING, (USER, new, guessed), strict=True):
                numbers[f"{who} {threads}"] = seconds_to_log_in(stand, setup, user)
        time.sleep(GUESSES_FORGOTTEN_SECONDS)
    return numbers


def seconds_to_log_in(stand: Stand, setup: Setup, user: str) -> float:
    """Who is refused tries again after a second; at most LONGEST_LOGIN_SECONDS."""
    began = time.monotonic()
    while (status := ask_once(stand, setup, f"{setup.url}/v2/", user)) == "429":
        if time.monotonic() - began > LONGEST_LOGIN_SECONDS:
            return LONGEST_LOGIN_SECONDS
        time.sleep(1)
    if status != "200":
        raise RuntimeError(f"{user} is answered {status} by {setup.name}")
    return time.monotonic() - began
