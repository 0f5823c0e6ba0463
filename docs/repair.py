"""Writes the tables of docs/repair.md from the functions' own: ``.venv/bin/python -m docs.repair``.

The words above the first section are the page's own: edit them there.
"""

from collections.abc import Iterable
from pathlib import Path

from lambdas.judge.causes import CAUSES, Cause, RepairStep
from lambdas.judge.evidence import Evidence, InsideSays, OutsideSays
from lambdas.judge.repair import interrupts

PAGE = Path(__file__).with_suffix(".md")


def with_tables(page: str) -> str:
    preface, _, _ = page.partition("## ")
    return preface + "\n".join(
        (
            "## Which steps may interrupt clients\n",
            *_table(("outside \\ inside", *InsideSays), map(_row, OutsideSays)),
            "\n## Which steps each cause has, and why they cannot make a working registry worse\n",
            "A step with a star interrupts nobody and needs no evidence.\n",
            *_table(("cause", "steps", "because"), map(_cause_row, CAUSES.values())),
            "",
        )
    )


def _table(head: tuple[str, ...], rows: Iterable[Iterable[str]]) -> Iterable[str]:
    return map(_line, (head, ("---" for _ in head), *rows))


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _row(outside: OutsideSays) -> Iterable[str]:
    allowed = [Evidence(outside, inside).may_interrupt for inside in InsideSays]
    return outside, *(", ".join(step for step in RepairStep if step in steps) or "none" for steps in allowed)


def _cause_row(cause: Cause) -> Iterable[str]:
    steps = ", ".join(f"`{step}`{'' if interrupts(cause, step) else '*'}" for step in cause.repairs)
    return cause.title, steps or "none", cause.repair_reason


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text()))
