"""GitLab, of a group with its subgroups, or of a project: https://docs.gitlab.com/api/container_registry/"""

from collections.abc import Iterator
from urllib.parse import quote

from migrate.challenge import Challenge
from migrate.registry import Registry
from migrate.sources.listing import BY_FILE, ListingError, pages


def repositories(registry: Registry, challenge: Challenge) -> Iterator[str]:
    """The password of `docker login` must be an access token with read_api. Raises ListingError."""
    if not registry.address.folder:
        example = f"{registry.address.host}/GROUP"
        raise ListingError(f"whose repositories on GitLab? Name a group or a project, as {example}; {BY_FILE}")
    headers = {"PRIVATE-TOKEN": registry.login.password} if registry.login else {}
    name = quote(registry.address.folder, safe="")
    api = f"{challenge.origin}/api/v4"
    is_group = registry.send("GET", f"{api}/groups/{name}", headers).status_code == 200
    first = f"{api}/{'groups' if is_group else 'projects'}/{name}/registry/repositories?per_page=100"
    for page in pages(registry, first, headers):
        yield from (str(each["path"]) for each in page)
