"""Which repositories a registry has. Each kind of registry has a list of its own."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from migrate.challenge import Challenge
from migrate.registry import Registry
from migrate.sources import catalog, docker_hub, ecr, gitlab, harbor
from migrate.sources.listing import ListingError

# Each kind asks its clients to log in for a service of its own.
# https://github.com/goharbor/harbor/blob/v2.14.0/src/core/service/token/creator.go
# https://docs.gitlab.com/administration/packages/container_registry/
_SERVICES: dict[str, Callable[[Registry, Challenge], Iterable[str]]] = {
    "registry.docker.io": docker_hub.repositories,
    "harbor-registry": harbor.repositories,
    "container_registry": gitlab.repositories,
}
_ECR = re.compile(r"\d{12}\.dkr[.-]ecr(?:-fips)?[.-](?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)")


def region_of_ecr(host: str) -> str:
    """Empty where it is another registry."""
    found = _ECR.fullmatch(host)
    return found["region"] if found else ""


def repositories(registry: Registry, challenge: Challenge, aws: Callable[[str, str], Any]) -> list[str]:
    """The names below the address's folder, sorted. ``aws`` makes boto3's client of a service in a region.

    Raises:
        ListingError: the registry does not tell.
    """
    if region := region_of_ecr(registry.address.host):
        names: Iterable[str] = ecr.repositories(aws("ecr", region), registry.address.host)
    else:
        names = _SERVICES.get(challenge.service, catalog.repositories)(registry, challenge)
    found = sorted({each for each in names if registry.address.has(each)})
    if not found:
        raise ListingError(f"{registry.address} has no repository that this login may see")
    return found
