"""A server on a bad day: a proxy before it that answers wrongly, late or not at all. It runs by itself:

    python3 bad_day.py LISTEN UPSTREAM FILE

LISTEN and UPSTREAM are HOST:PORT. FILE holds a mood, and is read for each request: the first word of MOODS and its
number, then, if not all requests suffer, the share of them that does ("error 503 0.5"). Without FILE nobody suffers.

S3's words: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

import asyncio
import contextlib
import random
import re
import socket
import ssl
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

MOODS = {
    "error": "answers with this HTTP status",
    "hang": "takes the request, and never answers",
    "cut": "resets the connection in the middle of the request's or the answer's body",
    "slow": "begins so many seconds late",
    "clock": "has a clock that is so many seconds ahead of its clients'",
}
HEAD_END = b"\r\n\r\n"
PIECE = 1 << 16
MESSAGES = {
    "403 AccessDenied": "Access Denied",
    "500 InternalError": "We encountered an internal error. Please try again.",
    "503 SlowDown": "Please reduce your request rate.",
}
SKEW = timedelta(minutes=15)
# A client of the room's metadata service shows until when its credentials are good (rehearsal/room/s3.py).
UNTIL = re.compile(r"^x-amz-security-token: *until-(\d+)", re.IGNORECASE | re.MULTILINE)
SIGNED_AT = re.compile(r"^x-amz-date: *(\d{8}T\d{6}Z)|[?&]X-Amz-Date=(\d{8}T\d{6}Z)", re.MULTILINE | re.IGNORECASE)
EXPIRES = re.compile(r"[?&]X-Amz-Expires=(\d+)")


@dataclass(frozen=True, slots=True)
class Mood:
    kind: str = ""
    number: float = 0.0
    share: float = 1.0

    @classmethod
    def read(cls, text: str) -> "Mood":
        """Raises ValueError: the text names no mood."""
        kind, *numbers = text.split() or [""]
        if kind and kind not in MOODS:
            raise ValueError(f"{text!r} names none of: {', '.join(MOODS)}")
        if kind in ("error", "slow", "clock"):
            return cls(kind, *map(float, numbers))
        return cls(kind, 0.0, *map(float, numbers))


@dataclass(frozen=True, slots=True)
class Head:
    """Of a request or an answer."""

    text: str

    @property
    def method(self) -> str:
        return self.text.partition(" ")[0]

    @property
    def length(self) -> int:
        found = re.search(r"^content-length: *(\d+)", self.text, re.IGNORECASE | re.MULTILINE)
        return int(found[1]) if found else 0

    @property
    def waits(self) -> bool:
        """For the word that its body is wanted."""
        return bool(re.search(r"^expect: *100-continue", self.text, re.IGNORECASE | re.MULTILINE))

    def closing(self) -> bytes:
        """For a connection of one request."""
        kept = re.sub(r"^connection:.*\r\n", "", self.text, flags=re.IGNORECASE | re.MULTILINE)
        return kept.removesuffix("\r\n").encode("latin-1") + b"Connection: close\r\n\r\n"


def refusal(head: Head, mood: Mood, now: datetime) -> str:
    """Status and code with which S3 refuses the request; empty if it does not."""
    if (until := UNTIL.search(head.text)) and now.timestamp() > int(until[1]):
        return "400 ExpiredToken"
    if mood.kind == "error":
        status = int(mood.number)
        return next((each for each in MESSAGES if each.startswith(str(status))), f"{status} Error")
    if mood.kind == "clock" and (found := SIGNED_AT.search(head.text)):
        theirs = now + timedelta(seconds=mood.number)
        signed = datetime.strptime(found[1] or found[2], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if expires := EXPIRES.search(head.text):
            # A link is good from 15 minutes before its date to its end.
            good = signed - SKEW <= theirs <= signed + timedelta(seconds=int(expires[1]))
            return "" if good else "403 AccessDenied"
        return "" if abs(theirs - signed) <= SKEW else "403 RequestTimeTooSkewed"
    return ""


def answer(refused: str, head: Head, now: datetime) -> bytes:
    status, _, code = refused.partition(" ")
    message = MESSAGES.get(refused, code)
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    lines = (
        f"HTTP/1.1 {status} {code}",
        f"Date: {format_datetime(now, usegmt=True)}",
        "Content-Type: application/xml",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    return "\r\n".join(lines).encode() + HEAD_END + (b"" if head.method == "HEAD" else body.encode())


class Proxy:
    def __init__(self, upstream: str, mood: Callable[[], Mood]) -> None:
        scheme, _, address = upstream.rpartition("://")
        host, _, port = address.rpartition(":")
        context = ssl.create_default_context() if scheme == "https" else None
        if context:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._host, self._port, self._context = host, int(port), context
        self._mood = mood

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request of a client."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = Head((await reader.readuntil(HEAD_END)).decode("latin-1"))
            mood = self._mood()
            if random.random() >= mood.share:  # noqa: S311
                mood = Mood()
            now = datetime.now(UTC)
            if mood.kind == "hang":
                await pump(reader, None)
            elif refused := refusal(head, mood, now):
                if not head.waits:
                    await pump(reader, None, head.length)
                writer.write(answer(refused, head, now))
                await writer.drain()
            else:
                if mood.kind == "slow":
                    await asyncio.sleep(mood.number)
                await self._pass_on(head, mood.kind == "cut", reader, writer)
        writer.close()

    async def _pass_on(self, head: Head, cut: bool, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        its_reader, its_writer = await asyncio.open_connection(self._host, self._port, ssl=self._context)
        try:
            its_writer.write(head.closing())
            if cut and not head.length and head.method != "GET":
                return reset(writer)
            if cut and head.length:
                if head.waits:
                    writer.write(b"HTTP/1.1 100 Continue" + HEAD_END)
                await pump(reader, its_writer, head.length // 2)
                reset(its_writer)
                return reset(writer)
            sending = asyncio.create_task(pump(reader, its_writer))
            if cut:
                begun = await its_reader.readuntil(HEAD_END)
                writer.write(begun)
                await pump(its_reader, writer, Head(begun.decode("latin-1")).length // 2)
                reset(writer)
            else:
                await pump(its_reader, writer)
            sending.cancel()
        finally:
            its_writer.close()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter | None, most: int | None = None) -> None:
    """Pass on ``most`` bytes, or all until the end; to nobody without a writer."""
    left = most
    while left != 0 and (piece := await reader.read(min(left or PIECE, PIECE))):
        left = left - len(piece) if left is not None else None
        if writer:
            writer.write(piece)
            await writer.drain()


def reset(writer: asyncio.StreamWriter) -> None:
    """As a machine in between that forgets the connection."""
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def in_file(file: Path) -> Mood:
    return Mood.read(file.read_text()) if file.exists() else Mood()


async def main(listen: str, upstream: str, file: str) -> None:
    host, _, port = listen.rpartition(":")
    proxy = Proxy(upstream, lambda: in_file(Path(file)))
    server = await asyncio.start_server(proxy.serve, host, int(port), limit=1 << 18, backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
