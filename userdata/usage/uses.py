"""Which requests are pulls and pushes of a tag. Pure.

docs/usage.md has the requests of each client. A client that has the image already only asks HEAD. Others send a GET of
the tag, or of the digest, after it. A client that pushes may look with HEAD first, which is no pull.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from .log import Request

# From a look at a tag to the client's next request for it.
NEXT_REQUEST_SECONDS = 60
# Each worker of nginx writes its own lines for five seconds at once. So many are put in order at a time.
LINES_IN_ORDER = 20_000


class Kind(StrEnum):
    PULL = "pull"
    PUSH = "push"


@dataclass(frozen=True, slots=True)
class Use:
    kind: Kind
    repository: str
    tag: str
    at: float
    by: str


Looks = dict[tuple[str, str, str, str], float]
"""When a user at an address last looked at a tag of a repository with HEAD, and has not gone on. The oldest first."""


def uses(requests: Iterable[Request], looks: Looks, now: float) -> Iterator[Use]:
    """``looks`` are the ones that the requests before have left, and holds those that these leave."""
    for request in _in_order(requests):
        if not request.is_of_tag:
            continue
        yield from _settled(looks, request.at)
        key = (request.user, request.address, request.repository, request.reference)
        looked = looks.pop(key, None)
        if request.method == "HEAD":
            looks[key] = request.at
            if looked is not None:
                yield _pull(key, looked)
        elif request.method == "GET":
            yield _pull(key, request.at)
        elif request.method == "PUT" and request.status == 201:
            yield Use(Kind.PUSH, request.repository, request.reference, request.at, request.user)
    yield from _settled(looks, now)


def _in_order(requests: Iterable[Request]) -> Iterator[Request]:
    rest = iter(requests)
    while some := sorted(islice(rest, LINES_IN_ORDER), key=lambda request: request.at):
        yield from some


def _settled(looks: Looks, now: float) -> Iterator[Use]:
    """Looks that no other request has followed: the client had the image, or fetched it by its digest."""
    while looks:
        key, at = next(iter(looks.items()))
        if now - at <= NEXT_REQUEST_SECONDS:
            break
        del looks[key]
        yield _pull(key, at)


def _pull(key: tuple[str, str, str, str], at: float) -> Use:
    user, _, repository, tag = key
    return Use(Kind.PULL, repository, tag, at, user)
