"""What the command is asked for: a repository or one of its tags, with or without the registry's name."""

import re
from collections.abc import Collection
from dataclasses import dataclass

# https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
_FORM = re.compile(
    r"(?P<repository>[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?",
    re.ASCII,
)


class UnknownReferenceError(ValueError):
    """Names what was given, and what is expected."""


@dataclass(frozen=True, slots=True)
class Reference:
    domain: str
    repository: str
    tag: str = ""
    """Empty for all tags."""


def parse(given: str, domains: Collection[str]) -> Reference:
    """
    Raises:
        UnknownReferenceError: it has another form, or is in no registry of this account, or several have such a name.
    """
    found = _FORM.fullmatch(given)
    if not found:
        raise UnknownReferenceError(f"{given!r}: expected REPOSITORY or REPOSITORY:TAG, such as team/app:1.0")
    first, _, rest = found["repository"].partition("/")
    if rest and first in domains:
        return Reference(first, rest, found["tag"] or "")
    if len(domains) == 1:
        (domain,) = domains
        return Reference(domain, found["repository"], found["tag"] or "")
    if not domains:
        raise UnknownReferenceError("there is no registry in this account and region")
    names = ", ".join(sorted(domains))
    raise UnknownReferenceError(f"{given!r}: there are several registries, so begin with one of {names}")
