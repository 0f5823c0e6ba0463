"""A file of what was seen so far, a line each: a bench that takes an hour is run in parts."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import cattrs

Seen = TypeVar("Seen")


def add(file: Path | None, seen: Any) -> None:
    """A dataclass. Without a file nothing is kept."""
    if file:
        with file.open("a") as opened:
            opened.write(json.dumps(asdict(seen)) + "\n")


def read(file: Path | None, kind: type[Seen]) -> list[Seen]:
    if file is None or not file.exists():
        return []
    return [cattrs.structure(json.loads(line), kind) for line in file.read_text().splitlines()]
