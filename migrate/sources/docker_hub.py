"""Docker Hub, of an organisation or a user: https://docs.docker.com/reference/api/hub/latest/"""

from collections.abc import Iterator

import requests

from migrate.challenge import Challenge
from migrate.registry import Registry
from migrate.sources.listing import BY_FILE, ListingError, pages

API = "https://hub.docker.com"


def repositories(registry: Registry, challenge: Challenge, api: str = API) -> Iterator[str]:  # noqa: ARG001
    """The private ones too, where the login of `docker login` may see them. Raises ListingError."""
    organisation = registry.address.folder.partition("/")[0]
    if not organisation:
        raise ListingError(f"whose repositories on Docker Hub? Name an organisation: docker.io/ORGANISATION; {BY_FILE}")
    headers = {}
    if login := registry.login:
        asked = {"identifier": login.user, "secret": login.password}
        answer = registry.send("POST", f"{api}/v2/auth/token", {}, json=asked)
        if answer.status_code != 200:
            raise ListingError(f"Docker Hub refused the login of {login.user}: docker login saves another; {BY_FILE}")
        headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    first = f"{api}/v2/namespaces/{organisation}/repositories?page_size=100"
    for page in pages(registry, first, headers, _next):
        yield from (f"{organisation}/{each['name']}" for each in page["results"])


def _next(answer: requests.Response) -> str:
    return answer.json().get("next") or ""
