"""Harbor 2: https://github.com/goharbor/harbor/blob/v2.14.0/api/v2.0/swagger.yaml (listAllRepositories)"""

from collections.abc import Iterator

from migrate.challenge import Challenge
from migrate.registry import Registry
from migrate.sources.listing import pages


def repositories(registry: Registry, challenge: Challenge) -> Iterator[str]:
    """Of all projects that the login may see. Raises ListingError."""
    by = (registry.login.user, registry.login.password) if registry.login else None
    first = f"{challenge.origin}/api/v2.0/repositories?page_size=100"
    for page in pages(registry, first, {}, login=by):
        yield from (str(each["name"]) for each in page)
