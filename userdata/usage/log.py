"""nginx's log of uses (nginx.conf, log_format usage): its lines, read once each, across rotations."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True, slots=True)
class Request:
    """A pull, a push or a deletion, as nginx logs it."""

    at: float
    """Seconds since 1970, with milliseconds."""

    id: str
    """Of a push or a deletion."""

    address: str
    user: str
    method: str
    kind: str
    """``manifests`` or ``blobs``."""

    repository: str
    reference: str
    """A tag or a digest."""

    status: int
    digest: str
    """Of a push or a deletion, as the registry answered; empty if it named none."""

    @property
    def is_of_tag(self) -> bool:
        return self.kind == "manifests" and ":" not in self.reference


def parse(line: bytes) -> Request:
    """
    Raises:
        ValueError: nginx has not written this line, or not all of it.
    """
    # nginx escapes what JSON forbids, and passes on bytes that are not UTF-8.
    content = json.loads(line.decode(errors="replace"))
    try:
        # A client that hung up has the status 000, which is no number of JSON: nginx.conf writes a text.
        request = Request(**{**content, "status": int(content["status"])})
    except (TypeError, KeyError) as error:
        raise ValueError("no line of the log of uses") from error
    if not isinstance(request.at, float):
        raise ValueError("no time")
    return request


def new_lines(paths: Sequence[Path], positions: dict[str, int]) -> Iterator[bytes]:
    """The whole lines that were added since ``positions``, which holds the new ones at the end.

    ``paths`` begin with the file that nginx writes. A file is known by its first line: logrotate gives it another name,
    and the file system gives its inode to another file.
    """
    with ExitStack() as opened:
        # The newest first: a file that is renamed meanwhile is found twice, and none is missed.
        files: dict[str, IO[bytes]] = {}
        for path in paths:
            if path.exists():
                log = opened.enter_context(path.open("rb"))
                if (first := log.readline()).endswith(b"\n"):
                    files.setdefault(hashlib.sha256(first).hexdigest(), log)
        for name in positions.keys() - files.keys():
            del positions[name]
        for name, file in reversed(files.items()):
            file.seek(positions.setdefault(name, 0))
            for line in file:
                if not line.endswith(b"\n"):
                    break
                positions[name] += len(line)
                yield line
