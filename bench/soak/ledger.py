"""The ledger: a line for each push that the registry has acknowledged, on disk before the client goes on."""

import json
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

import cattrs


@dataclass(frozen=True, slots=True)
class Push:
    """``at`` is in seconds since 1970, ``manifest`` the digest under which the registry keeps the image, and
    ``contents`` the digests of its layers before they are packed."""

    at: float
    client: str
    repository: str
    tag: str
    manifest: str
    contents: tuple[str, ...]

    @property
    def by_tag(self) -> str:
        return f"{self.repository}:{self.tag}"

    @property
    def by_digest(self) -> str:
        return f"{self.repository}@{self.manifest}"


class Ledger:
    """Lines are added, and none is changed. Threads may share it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._writing = threading.Lock()

    def add(self, push: Push) -> None:
        with self._writing:
            os.write(self._file, json.dumps(asdict(push)).encode() + b"\n")
            os.fsync(self._file)

    def close(self) -> None:
        os.close(self._file)


def read(path: Path) -> tuple[Push, ...]:
    """In the order in which they were acknowledged. Raises ValueError: a line is no push."""
    return tuple(cattrs.structure(json.loads(line), Push) for line in path.read_text().splitlines())


def promised(path: Path) -> dict[str, Push]:
    """What must be there now: each tag with its last push, and by digest what a tag no longer names."""
    pushes = read(path)
    last = {push.by_tag: push for push in pushes}
    return last | {push.by_digest: push for push in pushes if last[push.by_tag].manifest != push.manifest}
