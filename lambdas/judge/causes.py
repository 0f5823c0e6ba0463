"""Every cause that an alert can name: the rows of ``causes.toml``, which runbook and rehearsal share."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any


class RepairStep(StrEnum):
    """From the smallest to the largest."""

    SERVICE = "service"
    ENGINE = "engine"
    INSTANCE = "instance"


@dataclass(frozen=True, slots=True)
class Cause:
    id: str
    title: str
    why: str
    remedy: str
    commands: str
    """What the runbook tells its reader to type."""

    repairs: tuple[RepairStep, ...]
    repair_interrupts: bool
    """The first repair interrupts clients, so it waits for evidence that clients are refused. Every later one waits."""

    repair_reason: str
    """Why the repairs cannot make a working registry worse, or why there is none."""

    @property
    def anchor(self) -> str:
        """The runbook's section, as GitHub and most Markdown renderers name it."""
        return re.sub(r"[^a-z0-9 -]", "", self.title.lower()).replace(" ", "-")


def _read(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Cause]:
    return {
        cause_id: Cause(
            cause_id,
            row["title"],
            row["why"],
            row["remedy"],
            row["commands"],
            tuple(map(RepairStep, row.get("repairs", ()))),
            row.get("repair_interrupts", True),
            row["repair_reason"],
        )
        for cause_id, row in rows.items()
    }


CAUSES = _read(tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8")))
