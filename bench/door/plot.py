"""The plot of requests per second, as SVG: a dot for each set-up on a logarithmic scale, with its name and number."""

import math
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from bench.door.measure import FULL
from bench.door.rounds import KINDS, Results
from bench.door.setups import BARE, OURS, OWN_TLS, STORAGES, TUTORIAL
from bench.page import number

CONNECTIONS = max(FULL.connections)
TITLES = {
    "/v2/": "/v2/ (the login check)",
    "tag": "Manifest by tag",
    "digest": "Manifest by digest",
    "blob": "Layer (a redirect to S3)",
}
DECADES = 5
NAMES_WIDTH, PANEL_WIDTH, PANEL_GAP, MARGIN = 225, 280, 70, 20
TOP, LINE, GROUP_GAP = 92, 16, 26
# The picture has its own background, and follows the reader's light or dark scheme.
STYLE = """
svg { font: 12px system-ui, sans-serif; fill: #24292f }
.paper { fill: #fff } .grid { stroke: #d8dee4 }
.soft, .dot { fill: #59636e } .stem { stroke: #59636e; stroke-width: 1.5 }
text.ours, .dot.ours { fill: #0550ae; font-weight: 600 } .stem.ours { stroke: #0550ae; stroke-width: 3 }
.title { font-size: 16px; font-weight: 600 } .group { font-weight: 600 }
.end { text-anchor: end } .middle { text-anchor: middle }
@media (prefers-color-scheme: dark) {
  svg { fill: #e6edf3 }
  .paper { fill: #0d1117 } .grid { stroke: #30363d }
  .soft, .dot { fill: #9198a1 } .stem { stroke: #9198a1 }
  text.ours, .dot.ours { fill: #58a6ff } .stem.ours { stroke: #58a6ff }
}
"""


def plot(results: Results, peers: Sequence[str]) -> str:
    names = (BARE, OWN_TLS, TUTORIAL, OURS, *peers)
    group_height = LINE * len(names) + GROUP_GAP
    tops = {kind: TOP + at * group_height for at, kind in enumerate(KINDS["s3"])}
    bottom = TOP + group_height * len(tops) - GROUP_GAP + LINE
    width, height = NAMES_WIDTH + 2 * (PANEL_WIDTH + PANEL_GAP), bottom + 44
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{width}" height="{height}" rx="6"/>',
        text(MARGIN, 28, f"Requests per second, {CONNECTIONS} connections: more is better", "title"),
        text(MARGIN, 46, "Medians on a logarithmic scale. The bare registry has no TLS and no login.", "soft"),
    ]
    for kind, top in tops.items():
        lines.append(text(MARGIN, top - 2, TITLES[kind], "group"))
        for turn, name in enumerate(names, 1):
            lines.append(text(NAMES_WIDTH - 12, top + turn * LINE, name, f"end {mark(name)}"))
    for panel, (storage, title) in enumerate(STORAGES.items()):
        left = NAMES_WIDTH + panel * (PANEL_WIDTH + PANEL_GAP)
        lines += [text(left, TOP - 24, title, "group"), *axis(left, bottom)]
        for kind, top in tops.items():
            if kind not in KINDS[storage]:
                lines.append(text(left + 10, top + LINE, "has no redirect", "soft"))
                continue
            for turn, name in enumerate(names, 1):
                rps = results.median(storage, f"{kind} {CONNECTIONS}", name, "rps")
                lines.append(stem(left, top + turn * LINE - 4, rps, mark(name)))
    return "\n".join([*lines, "</svg>"]) + "\n"


def axis(left: float, bottom: float) -> Iterator[str]:
    for decade in range(DECADES + 1):
        x = left + decade * PANEL_WIDTH / DECADES
        yield f'<path class="grid" d="M{x:.1f} {TOP - 14}V{bottom}"/>'
        yield text(x, bottom + 16, f"{10**decade:,}", "middle soft")
    yield text(left + PANEL_WIDTH / 2, bottom + 34, "requests per second", "middle soft")


def stem(left: float, y: float, rps: float | None, style: str) -> str:
    """A line from the axis to a dot, and the number beside it."""
    if not rps:
        return text(left + 10, y + 4, "not measured", "soft")
    x = left + PANEL_WIDTH * max(0.0, math.log10(rps)) / DECADES
    return (
        f'<path class="stem {style}" d="M{left} {y}H{x:.1f}"/>'
        f'<circle class="dot {style}" cx="{x:.1f}" cy="{y}" r="4.5"/>' + text(x + 9, y + 4, number(rps), style)
    )


def mark(name: str) -> str:
    return "ours" if name == OURS else ""


def text(x: float, y: float, content: str, style: str) -> str:
    return f'<text class="{style.strip()}" x="{x:.1f}" y="{y}">{escape(content)}</text>'
