"""The tables of one storage."""

import statistics
from collections.abc import Sequence

from bench.door.measure import FULL, GUESSERS, LONGEST_LOGIN_SECONDS, LONGEST_STORM_SECONDS, WAITING
from bench.door.rounds import KINDS, Results
from bench.door.setups import BARE, OURS, OWN_TLS, TUTORIAL
from bench.page import number, table


def section(results: Results, storage: str, peers: Sequence[str], connections: Sequence[int]) -> str:
    names = [name for name in (BARE, OWN_TLS, TUTORIAL, OURS, *peers) if results.has(storage, name)]
    parts = {
        "Requests: requests/s; p50 / p95 / p99 in ms; S3 requests each": request_table(
            results, storage, names, connections
        ),
        "Pull storm": storm_table(results, storage, names),
        "Layers: MB/s together / slowest client in s / CPU seconds of the host per GB": layer_table(
            results, storage, names
        ),
    }
    if storage == "filesystem":
        parts |= {
            "New TLS connections per second": handshake_table(results, names),
            "A user's manifest by tag during guesses of passwords by four threads, ms": guessing_table(
                results, names
            ),
            "Seconds until a login that is not cached is let in, during guesses from the same address": (
                waiting_table(results)
            ),
        }
    return "\n\n".join(f"### {title}\n\n{text}" for title, text in parts.items())


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
    plain, tls = (medians(results, storage, "ceiling", name, "rps")[0] for name in ("plain", "TLS"))
    ceiling = f"The generator's own limit, with nginx answering from memory: {plain}/s, with TLS {tls}/s."
    return f"{table(('', *names), rows)}\n\n{ceiling}"


def storm_table(results: Results, storage: str, names: Sequence[str]) -> str:
    numbers = ("slowest_seconds", "median_seconds", "s3", "cpu_seconds")
    rows = [
        [name, f"over {LONGEST_STORM_SECONDS}", "-", "-", "-"]
        if (storage, "storm", name) in results.unfinished
        else [name, *medians(results, storage, "storm", name, *numbers)]
        for name in names
    ]
    return table(("", "slowest client, s", "median client, s", "S3 requests", "CPU of the host, s"), rows)


def layer_table(results: Results, storage: str, names: Sequence[str]) -> str:
    numbers = ("mb_per_second", "slowest_seconds", "cpu_per_gb")
    rows = [
        [
            f"{direction}, {count} clients",
            *(
                " / ".join(medians(results, storage, f"{direction} {count}", name, *numbers))
                for name in names
            ),
        ]
        for direction in ("push", "pull")
        for count in FULL.push_megabytes
    ]
    host_bytes = medians(results, storage, "pull 1", OURS, "host_bytes_per_gb")[0]
    return f"{table(('', *names), rows)}\n\nThrough our host per GB pulled: {host_bytes} bytes."


def handshake_table(results: Results, names: Sequence[str]) -> str:
    rows = [
        [name, *medians(results, "filesystem", "handshakes", name, "full", "resumed", "resumed_share")]
        for name in names
    ]
    return table(("", "full", "resumed", "share that did resume"), with_numbers(rows))


def guessing_table(results: Results, names: Sequence[str]) -> str:
    numbers = ("idle_p50", "idle_p95", "p50", "p95", "attempts")
    rows = [[name, *medians(results, "filesystem", "guessing", name, *numbers)] for name in names]
    return table(("", "idle p50", "idle p95", "p50", "p95", "guesses/s"), with_numbers(rows))


def with_numbers(rows: Sequence[list[str]]) -> list[list[str]]:
    """The rows of set-ups that were measured."""
    return [row for row in rows if row[1] != "-"]


def waiting_table(results: Results) -> str:
    seconds = results.samples.get(("filesystem", "waiting", OURS), {})
    rows = [
        [str(threads), *(span(seconds.get(f"{login} {threads}", ())) for login in WAITING)]
        for threads in GUESSERS
    ]
    explained = f"Median (longest). {LONGEST_LOGIN_SECONDS}: refused all that time."
    return f"{table(('threads that guess', *WAITING), rows)}\n\n{explained}"


def span(samples: Sequence[float]) -> str:
    return f"{number(statistics.median(samples))} ({number(max(samples))})" if samples else "-"
