"""The list that a registry of CNCF distribution has: a hand-made one, or another of ours.

https://distribution.github.io/distribution/spec/api/#catalog
"""

from collections.abc import Iterator

from migrate.challenge import Challenge
from migrate.logins import LoginError
from migrate.registry import OutOfReachError, Registry, RegistryError
from migrate.sources.listing import BY_FILE, ListingError


def repositories(registry: Registry, challenge: Challenge) -> Iterator[str]:  # noqa: ARG001
    """Raises ListingError: this registry has no such list, or not for this login."""
    refusal = f"{registry.address.host} does not list its repositories"
    try:
        pages = list(registry.pages("/v2/_catalog?n=1000"))
    except OutOfReachError:
        raise
    except LoginError as error:
        raise ListingError(f"{refusal} to this login; {BY_FILE}") from error
    except RegistryError as error:
        raise ListingError(f"{refusal} ({error}); {BY_FILE}") from error
    if not pages:
        raise ListingError(f"{refusal}; {BY_FILE}")
    return (str(name) for page in pages for name in page.get("repositories") or ())
