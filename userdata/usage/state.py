"""What this host remembers from one run to the next, as one file that is replaced whole."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .book import Usage, add, from_json, to_json, usages_of
from .uses import Looks, Use


@dataclass(slots=True)
class State:
    positions: dict[str, int] = field(default_factory=dict)
    """Of log.new_lines()."""

    looks: Looks = field(default_factory=dict)
    unsent: dict[str, dict[str, Usage]] = field(default_factory=dict)
    """Uses that no object in S3 has."""

    sending: dict[str, dict[str, Usage]] = field(default_factory=dict)
    """Uses that are on their way to S3, as the contribution of this number."""

    number: int = 0
    shown_on: int = 0
    """The day on which the page was last written, counted from 1970."""

    def note(self, uses: Iterable[Use]) -> None:
        for repository, tag, usage in usages_of(uses):
            tags = self.unsent.setdefault(repository, {})
            tags[tag] = add(tags.get(tag, Usage()), usage)

    def begin_sending(self, now: float) -> None:
        """A contribution never changes once it is on its way: S3 may have taken it, although no answer came. Its number
        is the time, so a host that has lost this file gives no number twice."""
        if not self.sending and self.unsent:
            self.sending, self.unsent = self.unsent, {}
            self.number = max(self.number + 1, int(now))


def load(path: Path) -> State:
    """One that is missing or damaged is that of a first run."""
    try:
        content = json.loads(path.read_text())
        return State(
            positions=content["positions"],
            looks={tuple(key): at for key, at in content["looks"]},
            unsent={repository: from_json(tags) for repository, tags in content["unsent"].items()},
            sending={repository: from_json(tags) for repository, tags in content["sending"].items()},
            number=content["number"],
            shown_on=content["shown_on"],
        )
    except (FileNotFoundError, AttributeError, KeyError, TypeError, ValueError):
        return State()


def save(state: State, path: Path) -> None:
    content = {
        "positions": state.positions,
        "looks": list(state.looks.items()),
        "unsent": {repository: to_json(tags) for repository, tags in state.unsent.items()},
        "sending": {repository: to_json(tags) for repository, tags in state.sending.items()},
        "number": state.number,
        "shown_on": state.shown_on,
    }
    replace_file(path, json.dumps(content, separators=(",", ":")))


def replace_file(path: Path, text: str, mode: int = 0o600) -> None:
    """A reader sees the old text or the new one, even after a power failure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    with new.open("w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
