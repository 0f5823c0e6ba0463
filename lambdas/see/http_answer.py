"""Reads the bytes from a socket as an HTTP answer, if they are one."""

import io
import json
import socket
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from types import SimpleNamespace
from typing import cast

LONGEST_ANSWER_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """``problem`` is empty if the answer is whole. ``status`` may be known even if it is not."""

    status: int | None = None
    challenge: str = ""
    body: bytes = b""
    problem: str = ""

    @property
    def is_catalog(self) -> bool:
        try:
            content = json.loads(self.body)
        except (ValueError, RecursionError):
            return False
        return isinstance(content, dict) and isinstance(content.get("repositories"), list)

    @property
    def is_well_catalog(self) -> bool:
        return self.status == 200 and not self.problem and self.is_catalog

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
