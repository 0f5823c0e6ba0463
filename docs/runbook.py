"""Writes the sections of docs/runbook.md from lambdas/judge/causes.toml: ``.venv/bin/python -m docs.runbook``.

The words above the first section are the runbook's own: edit them there.
"""

from pathlib import Path

from lambdas.judge.causes import CAUSES, Cause

RUNBOOK = Path(__file__).with_suffix(".md")
_SECTION = """\
## {cause.title}

{cause.why}

{cause.remedy}

Automatic repair: {repairs}.

```
{cause.commands}```
"""


def with_sections(runbook: str) -> str:
    preface, _, _ = runbook.partition("## ")
    return preface + "\n".join(map(_section, CAUSES.values()))


def _section(cause: Cause) -> str:
    repairs = ", then ".join(f"`{step}`" for step in cause.repairs) or "none"
    return _SECTION.format(cause=cause, repairs=repairs)


if __name__ == "__main__":
    RUNBOOK.write_text(with_sections(RUNBOOK.read_text()))
