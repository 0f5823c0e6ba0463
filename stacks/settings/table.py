"""README's table of the settings. ``python -m stacks.settings.table`` prints it."""

import json
import sys
from dataclasses import MISSING, fields

from stacks.settings.settings import Settings


def settings_table() -> str:
    """One line of Markdown a setting."""
    lines = ["| setting | default | accepted | meaning |", "|---|---|---|---|"]
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
    sys.stdout.write(settings_table())
