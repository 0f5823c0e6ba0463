"""The results page: one row for each target, and beside it a file of tables for each subject."""

import datetime
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).with_name("RESULTS.md")
HEADER = ("subject", "what", "target", "measured", "verdict", "date")


@dataclass(frozen=True, slots=True)
class Target:
    """Measured numbers, one for each load, None where it was not measured, and the limit that all must keep."""

    what: str
    limit: float
    measured: Sequence[float | None]
    at_least: bool = False
    unit: str = ""

    def is_kept(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit

    def verdict(self) -> str:
        values = [value for value in self.measured if value is not None]
        if not values:
            return "not measured"
        return "kept" if all(map(self.is_kept, values)) else "missed"

    def cells(self) -> list[str]:
        """What, target, measured and verdict; a number that misses the target is bold."""
        bound = f"at {'least' if self.at_least else 'most'} {self.limit:.3g}{self.unit}"
        numbers = [
            number(value) if value is None or self.is_kept(value) else f"**{number(value)}**" for value in self.measured
        ]
        return [self.what, bound, ", ".join(numbers), self.verdict()]


def number(value: float | None) -> str:
    """Three significant digits."""
    if value is None:
        return "-"
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(map(row, (header, ["---"] * len(header), *rows)))


def report(page: Path, subject: str, sections: Mapping[str, str], targets: Sequence[Target] = ()) -> bool:
    """Put the sections, by heading, into results/SUBJECT.md, put the targets into the page, and print both.

    The rest of both files stays as it is. Returns whether all targets are kept.
    """
    tables = page.parent / "results" / f"{subject}.md"
    tables.parent.mkdir(exist_ok=True)
    for heading, text in sections.items():
        before = tables.read_text() if tables.exists() else f"# Results: {subject}\n"
        tables.write_text(with_section(before, heading, text))
    before = page.read_text() if page.exists() else f"# Results\n\n{table(HEADER, [])}\n"
    page.write_text(with_targets(before, subject, targets))
    print(*sections.values(), sep="\n\n")
    if targets:
        print(table(HEADER[1:5], [target.cells() for target in targets]))
    print(f"\nWritten to {page} and {tables}")
    return all(target.verdict() != "missed" for target in targets)


def with_section(document: str, heading: str, text: str) -> str:
    """The document with the section `heading` in the place of its former text, or at the end."""
    section = f"## {heading}\n\n{text.strip()}\n"
    found = re.search(rf"^## {re.escape(heading)}$.*?(?=^## |\Z)", document, re.MULTILINE | re.DOTALL)
    if not found:
        return f"{document.rstrip()}\n\n{section}"
    after = document[found.end() :]
    return document[: found.start()] + section + ("\n" + after if after else "")


def with_targets(document: str, subject: str, targets: Sequence[Target]) -> str:
    """The document with a row of today for each measured target, in the place of its former row if it has one."""
    lines = document.splitlines()
    today = datetime.date.today().isoformat()
    for target in targets:
        if target.verdict() == "not measured":
            continue
        start = [f"[{subject}](results/{subject}.md)", target.what]
        line = row([*start, *target.cells()[1:], today])
        same = [at for at, other in enumerate(lines) if other.startswith(row(start))]
        if same:
            lines[same[0]] = line
        else:
            rows = [at for at, other in enumerate(lines) if other.startswith("|")]
            lines.insert(rows[-1] + 1, line)
    return "\n".join(lines) + "\n"
