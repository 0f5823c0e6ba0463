"""What the lists of the different registries share."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

import requests

from migrate.registry import Registry

BY_FILE = "--repositories FILE takes their names, one a line"


class ListingError(Exception):
    """A registry does not tell its repositories; the text says why, and what to do."""


def by_link(answer: requests.Response) -> str:
    """The address of the next page by the header Link (RFC 8288); empty at the end."""
    following = answer.links.get("next", {}).get("url", "")
    return urljoin(answer.url, following) if following else ""


def pages(
    registry: Registry,
    url: str,
    headers: Mapping[str, str],
    following: Callable[[requests.Response], str] = by_link,
    login: tuple[str, str] | None = None,
) -> Iterator[Any]:
    """The JSON of a list and of those after it. Raises ListingError."""
    while url:
        answer = registry.send("GET", url, headers, auth=login)
        if answer.status_code != 200:
            raise ListingError(f"{url} answered {answer.status_code}: {answer.text[:200].strip()}; {BY_FILE}")
        yield answer.json()
        url = following(answer)
