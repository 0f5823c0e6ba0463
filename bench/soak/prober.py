"""Somebody who logs in over a new connection every half second, and asks for something that is in S3."""

import base64
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

EVERY_SECONDS = 0.5
PATIENCE_SECONDS = 5
# One request to S3, and 500 if S3 does not answer: no name of a repository comes after `~`.
ASKED = "/v2/_catalog?n=1&last=~"


@dataclass(frozen=True, slots=True)
class Outage:
    """From the end of a successful look to the end of the next one, in seconds since 1970. ``said`` is what the first
    look that failed saw."""

    began: float
    ended: float
    said: str

    @property
    def seconds(self) -> float:
        return self.ended - self.began


@dataclass(frozen=True, slots=True)
class Look:
    """``ended`` is in seconds since 1970; ``said`` is empty if it succeeded."""

    ended: float
    said: str


def outages(looks: Sequence[Look]) -> tuple[Outage, ...]:
    """The last one ends with the looks if no success comes after it."""
    well = [number for number, look in enumerate(looks) if not look.said or number == len(looks) - 1]
    return tuple(
        Outage(looks[before].ended, looks[after].ended, looks[before + 1].said)
        for before, after in pairwise(well)
        if looks[before + 1].said
    )


@dataclass(slots=True)
class Prober:
    """Looks from the beginning to the end of ``with``."""

    domain: str
    address: str
    trust: ssl.SSLContext
    login: tuple[str, str]
    looks: list[Look] = field(default_factory=list)
    _done: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> "Prober":
        self._thread = threading.Thread(target=self._look_often, name="prober", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._done.set()
        if self._thread:
            self._thread.join()

    def await_success(self, since: float, patience_seconds: float) -> bool:
        """Whether a look that began after the moment succeeded in time."""
        deadline = time.monotonic() + patience_seconds
        while time.monotonic() < deadline:
            if any(not look.said and look.ended > since + EVERY_SECONDS for look in self.looks[-3:]):
                return True
            time.sleep(0.1)
        return False

    def _look_often(self) -> None:
        next_at = time.monotonic()
        while not self._done.wait(max(0.0, next_at - time.monotonic())):
            next_at = max(next_at + EVERY_SECONDS, time.monotonic())
            self.looks.append(self._look())

    def _look(self) -> Look:
        said = ""
        connection = http.client.HTTPSConnection(self.domain, timeout=PATIENCE_SECONDS)
        try:
            plain = socket.create_connection((self.address, 443), PATIENCE_SECONDS)
            connection.sock = self.trust.wrap_socket(plain, server_hostname=self.domain)
            name = base64.b64encode(":".join(self.login).encode()).decode()
            connection.request("GET", ASKED, headers={"Authorization": f"Basic {name}"})
            answer = connection.getresponse()
            answer.read()
            said = "" if answer.status == 200 else f"status {answer.status}"
        except (OSError, http.client.HTTPException) as error:
            said = type(error).__name__
        finally:
            connection.close()
        return Look(time.time(), said)
