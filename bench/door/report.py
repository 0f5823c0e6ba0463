"""The tables of one storage."""

import statistics
from collections.abc import Mapping, Sequence

from bench.door.measure import FULL, GUESSERS, LONGEST_LOGIN_SECONDS, LONGEST_STORM_SECONDS, WAITING
from bench.door.rounds import KINDS, Results
from bench.door.setups import BARE, OURS, OWN_TLS, TUTORIAL
from bench.door.tags import COUNTS
from bench.page import number, table

STORM = {
    "slowest client, s": "slowest_seconds",
    "median client, s": "median_seconds",
    "S3 requests": "s3",
    "CPU of the host, s": "cpu_seconds",
}
HANDSHAKES = {"full": "full", "resumed": "resumed", "share that did resume": "resumed_share"}
TAGS = {"requests/s": "rps", "p50, ms": "p50", "p95, ms": "p95", "p99, ms": "p99", "S3 requests each": "s3"}
FRESH = {"pushes and pulls": "pulls", "stale": "stale", "slowest client, s": "seconds"}
MEMORY = {"nginx, MB": "processes", "files in memory, MB": "files", "files": "count", "together, MB": "together"}
GUESSING = {"idle p50": "idle_p50", "idle p95": "idle_p95", "p50": "p50", "p95": "p95", "guesses/s": "attempts"}


def section(results: Results, storage: str, peers: Sequence[str], connections: Sequence[int]) -> str:
    names = [name for name in (BARE, OWN_TLS, TUTORIAL, OURS, *peers) if results.has(storage, name)]

    def part(title: str, text: str) -> str:
        return f"### {title}\n\n{text}"

    def of_setups(title: str, measurement: str, columns: Mapping[str, str]) -> str:
        return part(title, setup_table(results, storage, measurement, names, columns))

    requests = "Requests: requests/s; p50 / p95 / p99 in ms; S3 requests each"
    layers = "Layers: MB/s together / slowest client in s / CPU seconds of the host per GB"
    parts = [
        part(requests, request_table(results, storage, names, connections)),
        *(of_setups(f"{count:,} different tags, 64 connections", f"tags {count}", TAGS) for count in COUNTS),
        of_setups("HEAD of a tag, 64 connections", "HEAD", TAGS),
        of_setups("Pull storm", "storm", STORM),
        part(layers, layer_table(results, storage, names)),
    ]
    if storage == "filesystem":
        guessing = "A user's manifest by tag during guesses of passwords by four threads, ms"
        waiting = "Seconds until a login that is not cached is let in, during guesses from the same address"
        parts += [
            of_setups("New TLS connections per second", "handshakes", HANDSHAKES),
            of_setups(guessing, "guessing", GUESSING),
            part(waiting, waiting_table(results)),
            of_setups("Memory of our nginx after requests for 100,000 different tags", "memory", MEMORY),
        ]
    else:
        parts.append(of_setups("Pulls of a tag by 16 clients, each right after its push", "fresh", FRESH))
    return "\n\n".join(parts)


def medians(results: Results, storage: str, measurement: str, name: str, *numbers: str) -> list[str]:
    return [number(results.median(storage, measurement, name, each)) for each in numbers]


def request_table(results: Results, storage: str, names: Sequence[str], connections: Sequence[int]) -> str:
    def cell(measurement: str, name: str) -> str:
        rps, *times, s3 = medians(results, storage, measurement, name, "rps", "p50", "p95", "p99", "s3")
        if rps == "-":
            return rps
        return f"{rps}; {' / '.join(times)}" + (f"; {s3}" if storage == "s3" else "")

    rows = [
        [f"{kind}, {count} connections", *(cell(f"{kind} {count}", name) for name in names)]
        for kind in KINDS[storage]
        for count in connections
    ]
    return f"{table(('', *names), rows)}\n\n{ceiling_text(results, storage)}"


def ceiling_text(results: Results, storage: str) -> str:
    plain, tls = (medians(results, storage, "ceiling", name, "rps")[0] for name in ("plain", "TLS"))
    return f"The generator's own limit, with nginx answering from memory: {plain}/s, with TLS {tls}/s."


def setup_table(results: Results, storage: str, kind: str, names: Sequence[str], columns: Mapping[str, str]) -> str:
    """A row for each measured set-up. `columns` maps titles to numbers."""
    rows = []
    for name in names:
        cells = medians(results, storage, kind, name, *columns.values())
        if (storage, kind, name) in results.unfinished:
            cells[0] = f"over {LONGEST_STORM_SECONDS}"
        if set(cells) != {"-"}:
            rows.append([name, *cells])
    return table(("", *columns), rows)


def layer_table(results: Results, storage: str, names: Sequence[str]) -> str:
    numbers = ("mb_per_second", "slowest_seconds", "cpu_per_gb")
    rows = [
        [
            f"{direction}, {count} clients",
            *(" / ".join(medians(results, storage, f"{direction} {count}", name, *numbers)) for name in names),
        ]
        for direction in ("push", "pull")
        for count in FULL.push_megabytes
    ]
    host_bytes = medians(results, storage, "pull 1", OURS, "host_bytes_per_gb")[0]
    return f"{table(('', *names), rows)}\n\nThrough our host per GB pulled: {host_bytes} bytes."


def waiting_table(results: Results) -> str:
    seconds = results.samples.get(("filesystem", "waiting", OURS), {})
    rows = [[str(threads), *(span(seconds.get(f"{login} {threads}", ())) for login in WAITING)] for threads in GUESSERS]
    explained = f"Median (longest). {LONGEST_LOGIN_SECONDS}: refused all that time."
    return f"{table(('threads that guess', *WAITING), rows)}\n\n{explained}"


def span(samples: Sequence[float]) -> str:
    return f"{number(statistics.median(samples))} ({number(max(samples))})" if samples else "-"
