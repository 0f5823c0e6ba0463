"""Bytes from a socket, whatever server sent them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.see.http_answer import NO_ANSWER_IN_TIME, NO_END_IN_TIME, TOO_LONG, Answer, read_answer

CATALOG = b'{"repositories":["app"]}\n'


def answer(head: str, body: bytes = b"") -> bytes:
    return f"HTTP/1.1 {head}\r\n\r\n".replace("\n", "\r\n").replace("\r\r", "\r").encode() + body


def test_the_answer_of_a_registry_is_a_catalog() -> None:
    read = read_answer(answer(f"200 OK\nContent-Length: {len(CATALOG)}", CATALOG))
    assert (read.status, read.is_catalog, read.problem) == (200, True, "")


def test_a_chunked_catalog_is_a_catalog() -> None:
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(CATALOG), CATALOG)
    assert read_answer(answer("200 OK\nTransfer-Encoding: chunked", body)).is_catalog


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"", "closed without an answer"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "not HTTP"),
        (b"\x16\x03\x01\x00\xee", "not HTTP"),
        (b"HTTP/1.1 abc\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500, "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"b" * 66_000, "not HTTP"),
        (answer("302 Found\nLocation: https://evil.example/\nContent-Length: 0"), "HTTP 302"),
        (answer("200 OK\nContent-Length: 9999", CATALOG), "HTTP 200, cut short"),
        (answer("200 OK\nTransfer-Encoding: chunked", b"zz\r\n"), "HTTP 200, cut short"),
        (answer("200 OK\nTransfer-Encoding: chunked", b"ffffffffffffffffffff\r\n"), "HTTP 200, cut short"),
    ],
)
def test_an_incomplete_answer_is_named(raw: bytes, shown: str) -> None:
    assert str(read_answer(raw)) == shown


def test_an_endless_body_is_not_whole() -> None:
    assert str(read_answer(answer("200 OK", b"{" * 500), problem="no end in time")) == "HTTP 200, no end in time"


def test_a_whole_answer_on_a_connection_left_open_is_whole() -> None:
    raw = answer(f"200 OK\nContent-Length: {len(CATALOG)}", CATALOG)
    assert read_answer(raw, problem="no end in time").problem == ""


@pytest.mark.parametrize(
    "body", [b"", b"<html>sign in</html>", b"[]", b'{"repositories":1}', b"[" * 30_000, b"\xff\xfe", b"NaN"]
)
def test_any_other_body_is_no_catalog(body: bytes) -> None:
    assert not read_answer(answer("200 OK", body)).is_catalog


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=500), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", answer("200 OK"), b"HTTP/1.1 100\r\n"]))
def test_any_bytes_are_read_without_an_error(rest: bytes, start: bytes) -> None:
    assert str(read_answer(start + rest))
    assert read_answer(start + rest).is_catalog in (True, False)


UNKNOWN_MANIFEST = b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown","detail":{"name":"app"}}]}'


@pytest.mark.parametrize(
    ("seen", "serves"),
    [
        (Answer(200, body=b'{"schemaVersion":2,"layers":[]}'), True),
        (Answer(200, problem=TOO_LONG), True),
        (Answer(404, body=UNKNOWN_MANIFEST), True),
        (Answer(404, body=UNKNOWN_MANIFEST.replace(b"MANIFEST", b"NAME")), True),
        (Answer(404, body=b"<html>not found</html>"), False),
        (Answer(404, body=b'{"errors":[{"code":"UNAUTHORIZED"}]}'), False),
        (Answer(404, body=b'{"errors":["MANIFEST_UNKNOWN",{"code":[]}]}'), False),
        (Answer(404, body=b'{"errors":{"code":"MANIFEST_UNKNOWN"}}'), False),
        (Answer(200, body=b"<html>It works!</html>"), False),
        (Answer(200, problem=NO_END_IN_TIME), False),
        (Answer(503, body=UNKNOWN_MANIFEST), False),
        (Answer(problem=NO_ANSWER_IN_TIME), False),
    ],
)
def test_a_manifest_or_the_registrys_word_that_it_has_none_is_served(seen: Answer, serves: bool) -> None:
    assert seen.serves_manifest is serves


def test_only_the_end_of_the_time_is_late() -> None:
    late = (Answer(problem=NO_ANSWER_IN_TIME), Answer(200, problem=NO_END_IN_TIME))
    assert all(answer.is_late for answer in late)
    assert not any(answer.is_late for answer in (Answer(200), Answer(503), Answer(200, problem=TOO_LONG)))
