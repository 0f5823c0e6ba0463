"""Reads the bytes from a socket as an HTTP answer, if they are one."""

import io
import json
import socket
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from types import SimpleNamespace
from typing import Any, cast

LONGEST_ANSWER_BYTES = 65_536
NO_ANSWER_IN_TIME = "no answer in time"
NO_END_IN_TIME = "no end in time"
TOO_LONG = f"more than {LONGEST_ANSWER_BYTES} bytes"
# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
_UNKNOWN_MANIFEST = {"MANIFEST_UNKNOWN", "NAME_UNKNOWN"}


@dataclass(frozen=True, slots=True)
class Answer:
    """``problem`` is empty if the answer is whole. ``status`` may be known even if it is not."""

    status: int | None = None
    challenge: str = ""
    body: bytes = b""
    problem: str = ""

    @property
    def is_late(self) -> bool:
        """The time ended before the answer. A client with more patience may be served."""
        return self.problem in (NO_ANSWER_IN_TIME, NO_END_IN_TIME)

    @property
    def is_catalog(self) -> bool:
        return isinstance(self._content().get("repositories"), list)

    @property
    def is_well_catalog(self) -> bool:
        return self.status == 200 and not self.problem and self.is_catalog

    @property
    def lets_in(self) -> bool:
        """To ``/v2/``: the login is good."""
        return self.status == 200 and not self.problem

    @property
    def serves_manifest(self) -> bool:
        """A manifest, or the registry's own word that it has none: it asked S3 for either."""
        if self.problem:
            return self.status == 200 and self.problem == TOO_LONG
        return (self.status == 200 and "schemaVersion" in self._content()) or self._says_unknown_manifest

    @property
    def _says_unknown_manifest(self) -> bool:
        errors = self._content().get("errors")
        codes = [error.get("code") for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
        return self.status == 404 and any(isinstance(code, str) and code in _UNKNOWN_MANIFEST for code in codes)

    def _content(self) -> dict[str, Any]:
        """The body, if it is a JSON object."""
        try:
            content = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}

    def __str__(self) -> str:
        status = "" if self.status is None else f"HTTP {self.status}"
        return ", ".join(filter(None, (status, self.problem))) or "no answer"


def read_answer(raw: bytes, *, problem: str = "") -> Answer:
    """``problem`` says why reading stopped, if the server did not end the answer."""
    if not raw:
        return Answer(problem=problem or "closed without an answer")
    connection = SimpleNamespace(makefile=lambda *_arguments: io.BytesIO(raw))
    response = HTTPResponse(cast(socket.socket, connection), method="GET")
    try:
        response.begin()
    except (HTTPException, OSError, ValueError):
        return Answer(problem=problem or "not HTTP")
    challenge = response.getheader("WWW-Authenticate") or ""
    # Without a length the body ends with the connection. If the connection did not end, the body is not whole.
    ends_with_connection = response.length is None and not response.chunked
    try:
        body = response.read()
    except (HTTPException, OSError, ValueError, OverflowError, MemoryError):
        return Answer(response.status, challenge, b"", problem or "cut short")
    return Answer(response.status, challenge, body, problem if ends_with_connection else "")
