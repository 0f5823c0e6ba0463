"""Writes the table of docs/settings.md: ``.venv/bin/python -m docs.settings``.

Everything before the table is the page's own: edit it there.
"""

import json
from dataclasses import MISSING, fields
from pathlib import Path

from stacks.settings.settings import Settings

PAGE = Path(__file__).with_suffix(".md")
HEADER = "| setting | default | accepted | meaning |"


def with_table(page: str) -> str:
    """One line of Markdown a setting."""
    preface, _, _ = page.partition(HEADER)
    lines = [f"{preface}{HEADER}", "|---|---|---|---|"]
    for row in fields(Settings):
        accepted, meaning = row.metadata["accepted"], row.metadata["meaning"]
        lines.append(f"| `{row.name}` | {_default(row.default)} | {accepted} | {meaning} |")
    return "\n".join(lines) + "\n"


def _default(value: object) -> str:
    """As cdk.json has it, without quotes."""
    if value is MISSING:
        return "required"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`" if value != "" else "empty"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
