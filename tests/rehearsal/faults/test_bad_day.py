"""The proxy that gives a server a bad day: what it refuses, and what it does to a connection."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from rehearsal.faults.bad_day import Head, Mood, Proxy, refusal

NOW = datetime(2026, 11, 28, 10, 0, tzinfo=UTC)
BODY = b"x" * 100_000
GET = b"GET /layer HTTP/1.1\r\nHost: s3\r\n\r\n"
PUT = b"PUT /layer HTTP/1.1\r\nHost: s3\r\nContent-Length: 100000\r\n\r\n" + BODY


def signed(age: timedelta, more: str = "") -> Head:
    return Head(f"GET /x HTTP/1.1\r\nX-Amz-Date: {NOW - age:%Y%m%dT%H%M%SZ}\r\n{more}\r\n")


def link(age: timedelta) -> Head:
    query = f"X-Amz-Date={NOW - age:%Y%m%dT%H%M%SZ}&X-Amz-Expires=1200"
    return Head(f"GET /x?X-Amz-Algorithm=AWS4-HMAC-SHA256&{query} HTTP/1.1\r\n\r\n")


@pytest.mark.parametrize("text", ["slowly", "error x", "500"])
def test_a_word_that_is_no_mood_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text.split()[-1]):
        Mood.read(text)


@pytest.mark.parametrize(
    ("head", "mood", "refused"),
    [
        (signed(timedelta(0)), "", ""),
        (signed(timedelta(0)), "error 503", "503 SlowDown"),
        (signed(timedelta(0)), "clock 3600", "403 RequestTimeTooSkewed"),
        (signed(timedelta(0)), "clock -3600", "403 RequestTimeTooSkewed"),
        (signed(timedelta(0)), "clock 600", ""),
        (link(timedelta(0)), "clock 3600", "403 AccessDenied"),
        (link(timedelta(0)), "clock 600", ""),
        (signed(timedelta(0), f"x-amz-security-token: until-{int(NOW.timestamp()) - 1}\r\n"), "", "400 ExpiredToken"),
        (signed(timedelta(0), f"x-amz-security-token: until-{int(NOW.timestamp()) + 1}\r\n"), "", ""),
    ],
)
def test_a_request_is_refused_as_s3_would(head: Head, mood: str, refused: str) -> None:
    assert refusal(head, Mood.read(mood), NOW) == refused


async def answer_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    got = await reader.readexactly(len(BODY)) if head.startswith(b"PUT") else b""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + (got or BODY))
    await writer.drain()
    writer.close()


def ask(request: bytes, mood: str, look: Callable[[asyncio.StreamReader], Awaitable[bytes]]) -> bytes:
    """What a client sees of one request on a day of this mood."""

    async def exchange() -> bytes:
        server = await asyncio.start_server(answer_all, "127.0.0.1", 0)
        proxy = Proxy(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", lambda: Mood.read(mood))
        before = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*before.sockets[0].getsockname())
        writer.write(request)
        try:
            return await look(reader)
        finally:
            writer.close()
            before.close()
            server.close()

    return asyncio.run(exchange())


def to_the_end(reader: asyncio.StreamReader) -> Awaitable[bytes]:
    return reader.read(-1)


@pytest.mark.parametrize("request_", [GET, PUT])
def test_a_good_day_changes_nothing(request_: bytes) -> None:
    assert ask(request_, "", to_the_end).endswith(b"\r\n\r\n" + BODY)


@pytest.mark.parametrize("request_", [GET, PUT])
def test_a_cut_connection_is_reset_half_way(request_: bytes) -> None:
    with pytest.raises(ConnectionResetError):
        ask(request_, "cut", to_the_end)


def test_an_error_is_answered_after_the_whole_body() -> None:
    assert b"503 SlowDown" in ask(PUT, "error 503", to_the_end)


def test_a_server_that_hangs_says_nothing() -> None:
    async def look(reader: asyncio.StreamReader) -> bytes:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.3)
        return b""

    ask(PUT, "hang", look)
