"""The registry's container image: whether a host could pull it, and for its architecture.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests, and for the anonymous token
https://distribution.github.io/distribution/spec/auth/token/
"""

import re
from dataclasses import dataclass
from typing import Any

import requests

from doctor.account import Account
from doctor.finding import CouldNotLookError, Finding, Outcome
from stacks.settings.forms import names_a_host

SUBJECT = "registry image"
LONGEST_SECONDS = 15
_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Reference:
    host: str
    repository: str
    version: str
    """A tag or a digest."""


@dataclass(frozen=True, slots=True)
class Platforms:
    """``status`` is HTTP's for the manifest."""

    status: int
    architectures: frozenset[str] = frozenset()


def parse(image: str) -> Reference:
    """As Docker reads a name. https://github.com/distribution/reference/blob/main/normalize.go"""
    name, _, digest = image.partition("@")
    path, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        path, tag = name, ""
    *parents, last = path.split("/")
    if names_a_host(parents):
        host, repository = parents[0], path.removeprefix(f"{parents[0]}/")
    else:
        host, repository = "docker.io", path if parents else f"library/{last}"
    return Reference("registry-1.docker.io" if host == "docker.io" else host, repository, digest or tag)


def look(web: requests.Session, reference: Reference) -> Platforms:
    """Without a login, as a host asks."""
    base = f"https://{reference.host}/v2/{reference.repository}"
    accept = {"Accept": ", ".join((*_INDEXES, *_MANIFESTS))}
    try:
        answer = web.get(f"{base}/manifests/{reference.version}", headers=accept, timeout=LONGEST_SECONDS)
        if answer.status_code == 401 and (token := _token(web, answer.headers.get("WWW-Authenticate", ""))):
            accept["Authorization"] = f"Bearer {token}"
            answer = web.get(f"{base}/manifests/{reference.version}", headers=accept, timeout=LONGEST_SECONDS)
        if answer.status_code != 200:
            return Platforms(answer.status_code)
        manifest: dict[str, Any] = answer.json()
        if "manifests" in manifest:
            platforms = [row.get("platform", {}) for row in manifest["manifests"]]
            linux = [each["architecture"] for each in platforms if each.get("os") == "linux"]
            return Platforms(200, frozenset(linux))
        config = web.get(f"{base}/blobs/{manifest['config']['digest']}", headers=accept, timeout=LONGEST_SECONDS)
        return Platforms(config.status_code, frozenset({config.json().get("architecture", "")}))
    except (requests.RequestException, KeyError) as error:
        raise CouldNotLookError(f"{reference.host} does not answer this machine ({type(error).__name__})") from error


def _token(web: requests.Session, challenge: str) -> str:
    named = dict(_CHALLENGE.findall(challenge))
    if not challenge.lower().startswith("bearer ") or "realm" not in named:
        return ""
    wanted = {key: named[key] for key in ("service", "scope") if key in named}
    answer = web.get(named["realm"], params=wanted, timeout=LONGEST_SECONDS)
    found = answer.json() if answer.ok else {}
    return str(found.get("token") or found.get("access_token") or "")


def judge(seen: Platforms, image: str, architecture: str) -> Finding:
    expected = f"{image} for {architecture}"
    if seen.status in (401, 403, 404):
        missing = "there is no such image" if seen.status == 404 else "the image needs a login, which hosts do not have"
        return Finding(SUBJECT, Outcome.FAILURE, missing, expected, "Correct registry_image.")
    if seen.status == 429:
        cure = "Hosts may meet the same; they try again for some minutes."
        return Finding(SUBJECT, Outcome.WARNING, "too many anonymous pulls from this address", expected, cure)
    if seen.status != 200:
        cure = "Look at the status page of the image's registry, and try again."
        return Finding(SUBJECT, Outcome.WARNING, f"HTTP {seen.status}", expected, cure)
    shown = f"for {', '.join(sorted(seen.architectures))}"
    if architecture in seen.architectures:
        return Finding(SUBJECT, Outcome.OK, shown, expected)
    cure = "Choose an instance_type of the image's architecture, or another registry_image."
    return Finding(SUBJECT, Outcome.FAILURE, shown, expected, cure)


def check(account: Account) -> list[Finding]:
    image = account.settings.registry_image
    return [judge(look(account.web, parse(image)), image, account.settings.architecture)]
