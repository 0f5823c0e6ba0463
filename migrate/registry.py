"""A registry as a client that looks, and that waits as long as the registry asks it to.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
"""

import hashlib
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter

from migrate.address import Address
from migrate.challenge import Challenge
from migrate.logins import Login, LoginError

THREADS = 16
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
INDEXES = (OCI_INDEX, DOCKER_LIST)
MANIFESTS = (
    *INDEXES,
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
# https://docs.docker.com/engine/security/certificates/
CERTIFICATES = Path("/etc/docker/certs.d")
_TRIES, _TRIES_IF_BUSY = 4, 30
_LONGEST_WAIT_SECONDS = 15 * 60
_TIMEOUT_SECONDS = (10, 120)


class RegistryError(Exception):
    """A registry does not answer, or answers with something else; the text says what."""


class OutOfReachError(RegistryError):
    """It does not answer at all, or has asked for fewer requests for half an hour: nothing more can be done now."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a registry says of a manifest."""

    digest: str
    media_type: str


def _session() -> requests.Session:
    session = requests.Session()
    # Otherwise requests puts a login of ~/.netrc in the place of ours.
    session.auth = lambda request: request
    # A layer's size is that of its own bytes.
    session.headers["Accept-Encoding"] = "identity"
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=THREADS))
    return session


@dataclass(slots=True)
class Registry:
    """``say`` tells a person that a registry makes the command wait."""

    address: Address
    login: Login | None
    say: Callable[[str], None] = print
    sleep: Callable[[float], None] = time.sleep
    session: requests.Session = field(default_factory=_session)
    _authorizations: dict[str, str] = field(default_factory=dict)
    _resumes_at: float = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def challenge(self) -> Challenge:
        """Raises RegistryError."""
        answer = self.send("GET", f"{self.address.api}/v2/", {})
        return Challenge.parse(answer.headers.get("WWW-Authenticate", "")) if answer.status_code == 401 else Challenge()

    def check_login(self) -> None:
        """Raises LoginError: the login is missing or refused. Raises RegistryError."""
        self.ask("GET", "/v2/")

    def check_push(self, repository: str) -> None:
        """Begins an upload, and cancels it. Raises LoginError: the login may not push. Raises RegistryError."""
        begun = self.ask("POST", f"/v2/{repository}/blobs/uploads/", repository=repository, expected=(202,))
        place = urljoin(begun.url, begun.headers.get("Location", ""))
        self.ask("DELETE", place.removeprefix(self.address.api), repository=repository, expected=(204, 404, 405))

    def pages(self, path: str, repository: str = "") -> Iterator[Any]:
        """The answers of a list, page by page; nothing where there is no such list."""
        while path:
            answer = self.ask("GET", path, repository=repository)
            if answer.status_code == 404:
                return
            yield _json(answer)
            following = answer.links.get("next", {}).get("url", "")
            path = urljoin(answer.url, following).removeprefix(self.address.api) if following else ""

    def tags(self, repository: str) -> list[str]:
        """None at all where there is no such repository."""
        pages = self.pages(f"/v2/{repository}/tags/list?n=1000", repository)
        return [tag for page in pages for tag in page.get("tags") or ()]

    def head(self, repository: str, reference: str) -> Head | None:
        """None: there is no such manifest."""
        answer = self._manifest("HEAD", repository, reference)
        if answer.status_code == 404:
            return None
        digest = answer.headers.get("Docker-Content-Digest", "")
        if not digest:
            digest = digest_of(self._manifest("GET", repository, reference).content)
        return Head(digest, _media_type(answer))

    def manifest(self, repository: str, digest: str) -> bytes | None:
        """None: there is no such manifest."""
        answer = self._manifest("GET", repository, digest)
        return None if answer.status_code == 404 else answer.content

    def layer_bytes(self, repository: str, digest: str) -> int | None:
        """The size of a layer or configuration, wherever the registry keeps it; None: it is not there."""
        answer = self.ask("HEAD", f"/v2/{repository}/blobs/{digest}", repository=repository)
        return None if answer.status_code == 404 else int(answer.headers.get("Content-Length", -1))

    def referrers(self, repository: str, digest: str) -> list[str] | None:
        """The digests of signatures and other attachments; None: the registry has no such list."""
        path = f"/v2/{repository}/referrers/{digest}"
        # Registries that do not know the path answer in different ways.
        answer = self.ask("GET", path, repository=repository, accept=OCI_INDEX, expected=(200, 400, 404, 405))
        if answer.status_code != 200 or _media_type(answer) != OCI_INDEX:
            return None
        digests = [str(each["digest"]) for each in _json(answer).get("manifests") or ()]
        following = answer.links.get("next", {}).get("url", "")
        if following:
            path = urljoin(answer.url, following).removeprefix(self.address.api)
            digests += [str(each["digest"]) for page in self.pages(path, repository) for each in page["manifests"]]
        return digests

    def ask(
        self, method: str, path: str, *, repository: str = "", accept: str = "", expected: Collection[int] = (200, 404)
    ) -> requests.Response:
        """The answer, with an expected status.

        Raises:
            LoginError: the login is missing, or not enough.
            OutOfReachError: no answer, or 429 for half an hour.
            RegistryError: any other answer.
        """
        url = f"{self.address.api}{path}"
        headers = {"Accept": accept} if accept else {}
        known = self._authorizations
        authorization = known.get(repository) or known.get("", "")
        answer = self.send(method, url, headers | ({"Authorization": authorization} if authorization else {}))
        if answer.status_code == 401:
            challenge = Challenge.parse(answer.headers.get("WWW-Authenticate", ""))
            authorization = self._authorization(challenge)
            if authorization:
                # A token is for one repository, a password for all.
                known[repository if challenge.scheme == "bearer" else ""] = authorization
                answer = self.send(method, url, headers | {"Authorization": authorization})
        if answer.status_code in (401, 403):
            raise LoginError(self._refusal(answer.status_code, method, repository))
        if answer.status_code == 429:
            host = self.address.host
            raise OutOfReachError(f"{host} still asks for fewer requests: it answered 429 to {method} {path}")
        if answer.status_code not in expected:
            raise RegistryError(f"{self.address.host} answered {answer.status_code} to {method} {path}")
        return answer

    def _authorization(self, challenge: Challenge) -> str:
        try:
            return challenge.authorization(self.send, self.login)
        except requests.RequestException as error:
            raise RegistryError(f"{challenge.origin} gives no token: {error}") from error

    def _manifest(self, method: str, repository: str, reference: str) -> requests.Response:
        path = f"/v2/{repository}/manifests/{reference}"
        return self.ask(method, path, repository=repository, accept=", ".join(MANIFESTS))

    def _refusal(self, status: int, method: str, repository: str) -> str:
        host = self.address.host
        if self.login is None:
            return f"{host} asks for a login: docker login {host}"
        verb = "read" if method in ("GET", "HEAD") else "push to"
        what = f"may not {verb} {repository}" if repository and status == 403 else "was refused"
        return f"the login of {self.login.user or 'the token'} at {host} {what}: docker login {host} saves another"

    def send(self, method: str, url: str, headers: Mapping[str, str], **more: Any) -> requests.Response:
        """To the registry, or to a server that belongs to it. Tries again what may pass. ``more`` is for requests.

        Raises:
            OutOfReachError: no answer.
        """
        host = urlsplit(url).netloc
        failures = busy = 0
        while True:
            self._wait()
            try:
                # A layer may be elsewhere; requests takes no login there.
                answer = self.session.request(
                    method, url, headers=dict(headers), timeout=_TIMEOUT_SECONDS, verify=_trusted(host), **more
                )
            except requests.RequestException as error:
                failures += 1
                if failures == _TRIES or isinstance(error, requests.exceptions.SSLError):
                    raise OutOfReachError(f"{host} does not answer: {_root(error)}") from error
                self.sleep(2.0**failures / 2)
                continue
            if answer.status_code == 429 and busy < _TRIES_IF_BUSY:
                busy += 1
                asked = seconds_asked(answer.headers.get("Retry-After", ""), datetime.now(UTC))
                # Longer than asked, if it asks again and again: half an hour altogether.
                self._rest(max(asked, 2.0 ** min(busy - 1, 6)), f"{host} asks for fewer requests")
            elif answer.status_code >= 500 and failures < _TRIES - 1:
                failures += 1
                self.sleep(2.0**failures / 2)
            else:
                return answer

    def _rest(self, seconds: float, why: str) -> None:
        """For all threads."""
        resumes_at = time.monotonic() + min(seconds, _LONGEST_WAIT_SECONDS)
        with self._lock:
            if resumes_at <= self._resumes_at:
                return
            is_first, self._resumes_at = time.monotonic() >= self._resumes_at, resumes_at
        if is_first:
            self.say(f"{why}: waiting {seconds:.0f} s")

    def _wait(self) -> None:
        if (seconds := self._resumes_at - time.monotonic()) > 0:
            self.sleep(seconds)


def _trusted(host: str) -> str | None:
    """A file of certificates; None: as all of this machine's programs."""
    own = CERTIFICATES / host / "ca.crt"
    return str(own) if own.is_file() else None


def seconds_asked(retry_after: str, now: datetime) -> float:
    """Of the header Retry-After, which has seconds or a date: RFC 9110, 10.2.3. 0 if it has neither."""
    if retry_after.isdigit():
        return float(retry_after)
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - now).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _root(error: BaseException) -> BaseException:
    """What the network said: requests wraps it several times."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return error


def _media_type(answer: requests.Response) -> str:
    return answer.headers.get("Content-Type", "").partition(";")[0].strip()


def _json(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except requests.JSONDecodeError as error:
        raise RegistryError(f"{answer.url} answered with something else than JSON") from error
