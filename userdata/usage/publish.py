"""Adds this host's uses to the object of all hosts, whose copy it keeps."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .aws import AbsentError, Aws, AwsError, OvertakenError
from .book import (
    DAY_SECONDS,
    Head,
    Repositories,
    Tags,
    UnreadableError,
    Usage,
    read,
    read_head,
    recent,
    together,
    write,
)
from .state import State

TRIES = 5


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where the object is: in S3, and its last copy on this host."""

    bucket: str
    key: str
    copy: Path


def publish(aws: Aws, shelf: Shelf, host: str, state: State, save: Callable[[], None], now: float) -> Repositories:
    """All uses that are known now.

    Raises:
        AwsError: the contribution stays in the state, for the next run.
    """
    state.begin_sending(now)
    save()
    for _ in range(TRIES):
        try:
            contribute(aws, shelf, host, state, int(now) // DAY_SECONDS)
        except OvertakenError:
            continue
        state.sending = {}
        save()
        return read(shelf.copy)
    raise OvertakenError(f"other hosts wrote s3://{shelf.bucket}/{shelf.key} first, {TRIES} times")


def contribute(aws: Aws, shelf: Shelf, host: str, state: State, today: int) -> None:
    """
    Raises:
        OvertakenError: another host was quicker.
    """
    condition = fetch(aws, shelf)
    head = read_head(shelf.copy)
    if not state.sending or head.has(host, state.number):
        return
    new = shelf.copy.with_suffix(".new")
    write(new, head.having(host, state.number, today), recent(lambda: _sum(shelf.copy, state.sending), today))
    aws.call("s3", "put", shelf.bucket, shelf.key, str(new), condition)
    new.replace(shelf.copy)


def _sum(book: Path, more: dict[str, dict[str, Usage]]) -> Iterator[tuple[str, Tags]]:
    return together(read(book), more)


def fetch(aws: Aws, shelf: Shelf) -> str:
    """Copy the object, and return the condition for its next write.

    In the place of one that is damaged or deleted comes the version before it, then the last copy, then an empty one.
    """
    found = shelf.copy.with_suffix(".found")
    try:
        etag = aws.call("s3", "read", shelf.bucket, shelf.key, str(found)).strip()
        condition = f"If-Match: {etag}"
    except AbsentError:
        condition = "If-None-Match: *"
        found.unlink(missing_ok=True)
    if _is_readable(found) or _have_version_before(aws, shelf, found):
        found.replace(shelf.copy)
    elif not _is_readable(shelf.copy):
        write(shelf.copy, Head(), ())
    return condition


def _have_version_before(aws: Aws, shelf: Shelf, found: Path) -> bool:
    try:
        versions = aws.call("s3", "versions", shelf.bucket, shelf.key).split()
        for version in versions:
            aws.call("s3", "read", shelf.bucket, shelf.key, str(found), version)
            if _is_readable(found):
                print(f"using version {version} of s3://{shelf.bucket}/{shelf.key}", file=sys.stderr)
                return True
    except AwsError as error:
        print(error, file=sys.stderr)
    return False


def _is_readable(path: Path) -> bool:
    try:
        read_head(path)
    except FileNotFoundError:
        return False
    except UnreadableError as error:
        print(error, file=sys.stderr)
        return False
    return True
