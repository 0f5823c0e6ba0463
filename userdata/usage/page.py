"""The files of usage that the registry's page reads: one for each repository."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .book import Moment, Repositories, Tags
from .state import replace_file

# nginx.conf has the same form. Nothing else becomes a path.
_NAME = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")


def show(folder: Path, book: Repositories, today: int) -> Iterator[str]:
    """Write what has changed, remove what is not in the book, and yield each repository that has no file.

    The file's own name is none of a repository, so that ``a`` and ``a/b`` have one each.
    """
    shown = set()
    for repository, tags in book:
        file = folder / repository / "_.json"
        text = json.dumps(_page_of(tags, today), separators=(",", ":"), ensure_ascii=False)
        try:
            if not _NAME.fullmatch(repository):
                raise ValueError(repository)
            if not file.exists() or file.read_text(encoding="utf-8") != text:
                replace_file(file, text, mode=0o644)
            shown.add(file)
        except (OSError, ValueError):
            yield repository
    for file in folder.rglob("*.json"):
        if file.is_file() and file not in shown:
            file.unlink()


def _page_of(tags: Tags, today: int) -> dict[str, Any]:
    return {
        tag: {
            "pushed": _moment(usage.pushed),
            "pulled": _moment(usage.pulled),
            "pulls_30_days": usage.pulls_of_30_days(today),
        }
        for tag, usage in tags.items()
    }


def _moment(moment: Moment | None) -> dict[str, str] | None:
    return {"at": f"{datetime.fromtimestamp(moment.at, UTC):%Y-%m-%dT%H:%M:%SZ}", "by": moment.by} if moment else None
