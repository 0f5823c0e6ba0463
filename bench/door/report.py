"""The measured numbers as the section of RESULTS.md, and the plot beside it."""

import math
import re
import statistics
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from bench.measure import FULL, GUESSERS, LONGEST_LOGIN_SECONDS, LONGEST_STORM_SECONDS, WAITING
from bench.rounds import KINDS, Results
from bench.setups import BARE, OURS, OWN_TLS, TUTORIAL
from bench.targets import targets

HEADING = "## Front door: `make bench`"
STORAGES = {"filesystem": "filesystem", "s3": "S3, 30 ms"}
COLOURS = ("#888888", "#4e79a7", "#e15759", "#2ca02c", "#b07aa1", "#edc948")


def number(value: float | None) -> str:
    """Three digits that mean something."""
    if value is None:
        return "-"
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows))


def section(results: Results, peers: Sequence[str], connections: Sequence[int], about: str) -> str:
    names = (BARE, OWN_TLS, TUTORIAL, OURS, *peers)
    measured = {(storage, name) for storage, _, name in results.samples}
    parts = [
        HEADING,
        about,
        "### Targets\n" + target_table(results, peers),
        "![Requests per second](front-door.svg)",
    ]
    for storage, title in STORAGES.items():
        there = [name for name in names if (storage, name) in measured]
        if not there:
            continue
        parts += [
            f"### Requests, {title}: requests/s, p50 / p95 / p99 in ms, S3 requests each\n"
            + request_table(results, storage, there, connections),
            f"### Pull storm, {title}\n" + storm_table(results, storage, there),
            f"### Layers, {title}: MB/s together, slowest client in s, CPU seconds of the host per GB\n"
            + layer_table(results, storage, there),
        ]
    parts += [
        "### New TLS connections per second\n" + handshake_table(results, names),
        "### An innocent user's manifest by tag while four threads guess passwords, ms\n"
        + guessing_table(results, names),
        "### Seconds until a login that is not cached is let in, while some guess behind the same address\n"
        + waiting_table(results),
    ]
    return "\n\n".join(parts) + "\n"


def target_table(results: Results, peers: Sequence[str]) -> str:
    rows = []
    for target in targets(peers):
        ratio = target.measured(results)
        rows.append([target.what, target.promise(), number(ratio), target.verdict(ratio)])
    for what, ratio, bound in (
        (
            "CPU s per GB pulled, redirect against no redirect",
            quotient(
                results.median("s3", "pull 1", OURS, "cpu_per_gb"),
                results.median("s3", "pull without redirect", OURS, "cpu_per_gb"),
            ),
            0.05,
        ),
        (
            "p95 of an innocent user during guessing, against idle",
            quotient(*(results.median("filesystem", "guessing", OURS, key) for key in ("p95", "idle_p95"))),
            3.0,
        ),
    ):
        verdict = "not measured" if ratio is None else "kept" if ratio <= bound else "missed"
        rows.append([what, f"at most {bound:.3g}", number(ratio), verdict])
    if not peers:
        rows.append(["manifest by digest against zot", "at least 3", "-", "zot was not there"])
    return table(("what", "target", "measured", ""), rows)


def quotient(one: float | None, other: float | None) -> float | None:
    return one / other if one is not None and other else None


def request_table(results: Results, storage: str, names: Sequence[str], connections: Sequence[int]) -> str:
    rows = []
    for kind in KINDS[storage]:
        for count in connections:
            cells = []
            for name in names:
                key = f"{kind} {count}"
                rps, *times = (results.median(storage, key, name, of) for of in ("rps", "p50", "p95", "p99"))
                s3 = results.median(storage, key, name, "s3")
                told = f"{number(rps)}; {' / '.join(number(each) for each in times)}" if rps else "-"
                cells.append(told + (f"; {number(s3)}" if rps and storage == "s3" else ""))
            rows.append([f"{kind}, {count} connections", *cells])
    plain, tls = (results.median(storage, "ceiling", name, "rps") for name in ("plain", "TLS"))
    ceiling = f"The generator's own ceiling, nginx answering from memory: {number(plain)}/s, with TLS {number(tls)}/s."
    return table(("", *names), rows) + f"\n\n{ceiling}"


def storm_table(results: Results, storage: str, names: Sequence[str]) -> str:
    rows = []
    for name in names:
        if (storage, "storm", name) in results.unfinished:
            rows.append([name, f"over {LONGEST_STORM_SECONDS}", "-", "-", "-"])
            continue
        values = [
            results.median(storage, "storm", name, of)
            for of in ("slowest_seconds", "median_seconds", "s3", "cpu_seconds")
        ]
        rows.append([name, *map(number, values)])
    return table(("", "slowest client, s", "median client, s", "S3 requests", "CPU of the host, s"), rows)


def layer_table(results: Results, storage: str, names: Sequence[str]) -> str:
    rows = []
    for direction in ("push", "pull"):
        for count in FULL.push_megabytes:
            cells = []
            for name in names:
                values = [
                    results.median(storage, f"{direction} {count}", name, of)
                    for of in ("mb_per_second", "slowest_seconds", "cpu_per_gb")
                ]
                cells.append(" / ".join(map(number, values)))
            rows.append([f"{direction}, {count} clients", *cells])
    host_bytes = results.median(storage, "pull 1", OURS, "host_bytes_per_gb")
    return table(("", *names), rows) + f"\n\nThrough our host per GB pulled: {number(host_bytes)} bytes."


def handshake_table(results: Results, names: Sequence[str]) -> str:
    keys = ("full", "resumed", "resumed_share")
    rows = [
        [name, *(number(results.median("filesystem", "handshakes", name, key)) for key in keys)]
        for name in names
        if results.median("filesystem", "handshakes", name, "full")
    ]
    return table(("", "full", "resumed", "share that did resume"), rows)


def guessing_table(results: Results, names: Sequence[str]) -> str:
    keys = ("idle_p50", "idle_p95", "p50", "p95", "attempts")
    rows = [
        [name, *(number(results.median("filesystem", "guessing", name, key)) for key in keys)]
        for name in names
        if results.median("filesystem", "guessing", name, "p50")
    ]
    return table(("", "idle p50", "idle p95", "p50", "p95", "guesses/s"), rows)


def waiting_table(results: Results) -> str:
    seconds = results.samples["filesystem", "waiting", OURS]
    rows = [[str(threads), *(span(seconds[f"{who} {threads}"]) for who in WAITING)] for threads in GUESSERS]
    return (
        table(("threads that guess", *WAITING), rows)
        + f"\n\nMedian (longest). {LONGEST_LOGIN_SECONDS}: refused all that time."
    )


def span(samples: Sequence[float]) -> str:
    return f"{number(statistics.median(samples))} ({number(max(samples))})" if samples else "-"


def write_section(file: Path, text: str) -> None:
    """In the place of the section of the same heading, or at the end; all others stay."""
    before = file.read_text() if file.exists() else "# Results\n"
    found = re.search(rf"^{re.escape(HEADING)}$.*?(?=^## |\Z)", before, re.MULTILINE | re.DOTALL)
    if found:
        after = before[found.end() :]
        file.write_text(before[: found.start()] + text + ("\n" + after if after else ""))
    else:
        file.write_text(before.rstrip() + "\n\n" + text)


def plot(results: Results, peers: Sequence[str], connections: int) -> str:
    """Requests per second on a logarithmic scale, as SVG."""
    names = (BARE, OWN_TLS, TUTORIAL, OURS, *peers)
    groups = [(storage, kind) for storage in STORAGES for kind in KINDS[storage]]
    width, height, left, bottom, bar = 60 + 110 * len(groups), 360, 50, 300, 90 / len(names)
    decades = 6

    def y(value: float) -> float:
        return bottom - (bottom - 40) * max(0.0, math.log10(value)) / decades

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"',
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{left}" y="14">requests/s, {connections} connections (logarithmic)</text>',
    ]
    for decade in range(decades + 1):
        at = y(10**decade)
        lines.append(f'<line x1="{left}" x2="{width}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ddd"/>')
        lines.append(f'<text x="{left - 4}" y="{at + 4:.1f}" text-anchor="end">{10**decade:,}</text>')
    for place, (storage, kind) in enumerate(groups):
        x = left + 10 + 110 * place
        for turn, name in enumerate(names):
            rps = results.median(storage, f"{kind} {connections}", name, "rps")
            if rps:
                lines.append(
                    f'<rect x="{x + turn * bar:.1f}" y="{y(rps):.1f}" width="{bar - 2:.1f}" '
                    f'height="{bottom - y(rps):.1f}" fill="{COLOURS[turn % len(COLOURS)]}"/>'
                )
        label = f"{kind}, {STORAGES[storage]}"
        lines.append(f'<text x="{x + 45}" y="{bottom + 16}" text-anchor="middle">{escape(label)}</text>')
    for turn, name in enumerate(names):
        x = left + 10 + 190 * turn
        lines.append(
            f'<rect x="{x}" y="{height - 22}" width="10" height="10" fill="{COLOURS[turn % len(COLOURS)]}"/>'
        )
        lines.append(f'<text x="{x + 14}" y="{height - 13}">{escape(name)}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"
