"""One measurement each, of one set-up."""

import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass

from bench.door.generators import Numbers, ask_once, guessers, load, s3_requests, wrk
from bench.door.setups import OURS, USER, Setup, Stand, add_users
from rehearsal.room.door import LOGINS, forget

WAITING = ("logged in here before", "first login", "first login, of the user they guess at")
# A few, as many as may wait for a check, and more.
GUESSERS = (4, 19, 200)
# After it all waiting guesses are checked: 20 at 2 a second.
GUESSES_FORGOTTEN_SECONDS = 11
LONGEST_LOGIN_SECONDS = 30
# A set-up that checks bcrypt at each request needs minutes for a storm.
LONGEST_STORM_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Size:
    """Durations and amounts.

    `push_megabytes` is the size of each client's layer by the number of clients: all pushed layers lie in memory. All
    clients pull the layer that a single client pushes. `slow_rounds` limits the rounds with requests to slow set-ups.
    """

    wrk_seconds: int
    connections: tuple[int, ...]
    push_megabytes: Mapping[int, int]
    storm_clients: int
    slow_rounds: int
    pushes: int


FULL = Size(3, (1, 8, 64), {1: 500, 10: 500, 50: 100}, 200, 2, 10_000)
QUICK = Size(1, (1, 8, 64), {1: 100, 10: 50, 50: 10}, 200, 1, 1_000)


def requests(stand: Stand, setup: Setup, kind: str, connections: int, seconds: int) -> Numbers:
    path = "/v2/" if kind == "/v2/" else stand.image[setup.name][kind]
    if setup.slow:
        # Each connection should see a few answers.
        seconds = max(seconds, connections // 5)
    # Not measured here: the first login and the first read.
    ask_once(stand, setup, path)
    s3_requests(stand)
    seen = wrk(stand, setup.url + path, connections, seconds, setup.login)
    asked = s3_requests(stand)
    if setup.slow:
        wait_until_idle(stand, setup)
    return {**seen, "s3": asked / max(1, seen["rps"] * seconds)}


def wait_until_idle(stand: Stand, setup: Setup) -> None:
    """Wait while servers still check the passwords of requests whose clients have gone."""
    while True:
        before = stand.cpu_seconds(setup)
        time.sleep(0.5)
        if stand.cpu_seconds(setup) - before < 0.1:
            return


def storm(stand: Stand, setup: Setup, clients: int, number: int, *more: str, again: bool = False) -> Numbers | None:
    """Many clients pull one image at once; None after LONGEST_STORM_SECONDS. Image and user are new to our door, or
    those of the call before. `more` are options of bench/load."""
    new = "".join((f"storm-{number}", *more))
    repository, user = f"bench/{new}", new if setup.name == OURS else USER
    if not again:
        if setup.name == OURS:
            add_users(stand, user)
        load(stand, setup, "image", f"-repository={repository}")
    s3_requests(stand)
    before = stand.cpu_seconds(setup)
    options = (f"-clients={clients}", f"-repository={repository}", *more)
    try:
        told = load(stand, setup, "storm", *options, user=user, seconds=LONGEST_STORM_SECONDS)
    except subprocess.TimeoutExpired:
        wait_until_idle(stand, setup)
        return None
    return {**told, "cpu_seconds": stand.cpu_seconds(setup) - before, "s3": s3_requests(stand)}


def layers(stand: Stand, setup: Setup, push_megabytes: Mapping[int, int]) -> dict[str, Numbers]:
    """By "push" or "pull" and the number of clients: each pushes a layer of its own, all pull the same layer."""
    results: dict[str, Numbers] = {}
    digest = ""
    for clients in sorted(push_megabytes, reverse=True):
        if results:
            forget_layers(stand)
        digest, results[f"push {clients}"] = transfer(stand, setup, clients, push_megabytes[clients])
    for clients in push_megabytes:
        _, results[f"pull {clients}"] = transfer(stand, setup, clients, push_megabytes[1], digest)
    forget_layers(stand)
    return results


def transfer(stand: Stand, setup: Setup, clients: int, megabytes: int, digest: str = "") -> tuple[str, Numbers]:
    """Push layers of that size, or pull the layer `digest` of that size. Returns a pushed layer's digest."""
    # Not measured here: the check of the password, as `docker login` does it.
    ask_once(stand, setup, "/v2/")
    before = stand.cpu_seconds(setup)
    command, option = ("pull", f"-digest={digest}") if digest else ("push", f"-mb={megabytes}")
    told = load(stand, setup, command, f"-clients={clients}", option)
    moved = clients * megabytes
    return told.get("digest", ""), {
        "mb_per_second": moved / told["slowest_seconds"],
        "slowest_seconds": told["slowest_seconds"],
        "cpu_per_gb": (stand.cpu_seconds(setup) - before) / (moved / 1000),
        "host_bytes_per_gb": told["registry_bytes"] / (moved / 1000),
    }


def forget_layers(stand: Stand) -> None:
    """Delete large blobs: the room's storage is memory."""
    stand.room.run("find", "/srv", "-name", "data", "-size", "+5M", "-delete")
    stand.room.run("find", "/srv/buckets", "-size", "+5M", "-delete")


def handshakes(stand: Stand, setup: Setup, seconds: int) -> Numbers | None:
    """New connections per second; None for a set-up without TLS."""
    if not setup.url.startswith("https"):
        return None
    full = load(stand, setup, "handshakes", f"-for={seconds}s")
    again = load(stand, setup, "handshakes", f"-for={seconds}s", "-resume")
    return {"full": full["per_second"], "resumed": again["per_second"], "resumed_share": again["resumed_share"]}


def guessing(stand: Stand, setup: Setup, seconds: int) -> Numbers | None:
    """p50 and p95 in milliseconds of one user's manifests by tag, idle and while four threads guess passwords."""
    if not setup.login:
        return None
    path = stand.image[setup.name]["tag"]
    ask_once(stand, setup, path)
    idle = wrk(stand, setup.url + path, 1, seconds, login=True)
    with guessers(stand, setup, 4, seconds + 2) as guesser:
        attacked = wrk(stand, setup.url + path, 1, seconds, login=True)
        told, _ = guesser.communicate()
    during = {key: attacked[key] for key in ("p50", "p95")}
    attempts = json.loads(told)["attempts_per_second"]
    return {"idle_p50": idle["p50"], "idle_p95": idle["p95"], **during, "attempts": attempts}


def waiting(stand: Stand, setup: Setup, number: int) -> Numbers:
    """Seconds until our door lets in a login that is not cached, during guesses from the same address."""
    numbers: dict[str, float] = {}
    for threads in GUESSERS:
        new, guessed = f"new-{number}-{threads}", f"guessed-{number}-{threads}"
        add_users(stand, new, guessed)
        with guessers(stand, setup, threads, 4 * LONGEST_LOGIN_SECONDS, at=guessed):
            # As at the end of a minute.
            forget(stand.room, LOGINS)
            for login, user in zip(WAITING, (USER, new, guessed), strict=True):
                numbers[f"{login} {threads}"] = seconds_to_log_in(stand, setup, user)
        time.sleep(GUESSES_FORGOTTEN_SECONDS)
    return numbers


def seconds_to_log_in(stand: Stand, setup: Setup, user: str) -> float:
    """With a new attempt a second after each refusal; at most LONGEST_LOGIN_SECONDS."""
    began = time.monotonic()
    while (status := ask_once(stand, setup, "/v2/", user)) == "429":
        if time.monotonic() - began > LONGEST_LOGIN_SECONDS:
            return LONGEST_LOGIN_SECONDS
        time.sleep(1)
    if status != "200":
        raise RuntimeError(f"{setup.name} answers {user} with {status}")
    return time.monotonic() - began
