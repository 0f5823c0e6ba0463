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
    condition, head = fetch(aws, shelf)
    if not state.sending or head.has(host, state.number):
        return
    new = shelf.copy.with_suffix(".new")
    write(new, head.having(host, state.number, today), recent(lambda: _sum(shelf.copy, state.sending), today))
    aws.call("s3", "put", shelf.bucket, shelf.key, str(new), condition)
    new.replace(shelf.copy)


def _sum(book: Path, more: dict[str, dict[str, Usage]]) -> Iterator[tuple[str, Tags]]:
    return together(read(book), more)


def fetch(aws: Aws, shelf: Shelf) -> tuple[str, Head]:
    """Copy the object, and return the condition for its next write, and its head.

    In the place of one that is damaged or deleted comes the version before it, then the last copy, then an empty one.
    """
    found = shelf.copy.with_suffix(".found")
    try:
        etag = aws.call("s3", "read", shelf.bucket, shelf.key, str(found)).strip()
        condition = f"If-Match: {etag}"
    except AbsentError:
        condition = "If-None-Match: *"
        found.unlink(missing_ok=True)
    if head := _head(found) or _head_of_version_before(aws, shelf, found):
        found.replace(shelf.copy)
        return condition, head
    if head := _head(shelf.copy):
        return condition, head
    write(shelf.copy, Head(), ())
    return condition, Head()


def _head_of_version_before(aws: Aws, shelf: Shelf, found: Path) -> Head | None:
    try:
        versions = aws.call("s3", "versions", shelf.bucket, shelf.key).split()
        for version in versions:
            aws.call("s3", "read", shelf.bucket, shelf.key, str(found), version)
            if head := _head(found):
                print(f"using version {version} of s3://{shelf.bucket}/{shelf.key}", file=sys.stderr)
                return head
    except AwsError as error:
        print(error, file=sys.stderr)
    return None


def _head(path: Path) -> Head | None:
    """None: there is no such file, or it is damaged, which is reported."""
    try:
        return read_head(path)
    except FileNotFoundError:
        return None
    except UnreadableError as error:
        print(error, file=sys.stderr)
        return None
