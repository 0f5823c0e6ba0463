"""Each line of the log of uses is read once, whatever logrotate does meanwhile."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from userdata.usage.log import new_lines, parse

LINE: Mapping[str, object] = {
    "at": 1764313200.123,
    "id": "a1",
    "address": "192.0.2.1",
    "user": "alice",
    "method": "PUT",
    "kind": "manifests",
    "repository": "team/app",
    "reference": "1.0",
    "status": "201",
    "digest": "sha256:00",
}


@pytest.fixture
def logs(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "usage.log", tmp_path / "usage.log.1"


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_a_line_is_read_once(logs: tuple[Path, Path]) -> None:
    positions: dict[str, int] = {}
    append(logs[0], "a\nb\n")
    assert list(new_lines(logs, positions)) == [b"a\n", b"b\n"]
    assert list(new_lines(logs, positions)) == []
    append(logs[0], "c\n")
    assert list(new_lines(logs, positions)) == [b"c\n"]


def test_a_rotation_loses_and_repeats_nothing(logs: tuple[Path, Path]) -> None:
    positions: dict[str, int] = {}
    append(logs[0], "a\nb\n")
    list(new_lines(logs, positions))
    append(logs[0], "c\n")
    logs[0].rename(logs[1])
    append(logs[0], "d\n")
    assert list(new_lines(logs, positions)) == [b"c\n", b"d\n"]


def test_a_line_that_arrives_in_the_renamed_file_later_is_read(logs: tuple[Path, Path]) -> None:
    positions: dict[str, int] = {}
    append(logs[0], "a\n")
    logs[0].rename(logs[1])
    append(logs[0], "b\n")
    list(new_lines(logs, positions))
    append(logs[1], "late\n")
    assert list(new_lines(logs, positions)) == [b"late\n"]


def test_half_a_line_waits_for_its_end(logs: tuple[Path, Path]) -> None:
    positions: dict[str, int] = {}
    append(logs[0], "a\nhal")
    assert list(new_lines(logs, positions)) == [b"a\n"]
    append(logs[0], "f\n")
    assert list(new_lines(logs, positions)) == [b"half\n"]


def test_a_new_file_with_the_inode_of_an_old_one_is_read_from_its_beginning(logs: tuple[Path, Path]) -> None:
    positions: dict[str, int] = {}
    append(logs[0], "a long line of the old file\n")
    list(new_lines(logs, positions))
    inode = logs[0].stat().st_ino
    os.truncate(logs[0], 0)
    append(logs[0], "first of the new file\nsecond\n")
    assert logs[0].stat().st_ino == inode
    assert list(new_lines(logs, positions)) == [b"first of the new file\n", b"second\n"]


def test_a_host_that_has_logged_nothing_yet_has_no_lines(logs: tuple[Path, Path]) -> None:
    assert list(new_lines(logs, {})) == []


def test_a_line_of_nginx_is_a_request() -> None:
    request = parse(json.dumps(LINE).encode())
    assert (request.at, request.user, request.reference, request.status) == (1764313200.123, "alice", "1.0", 201)
    assert request.is_of_tag


def test_the_request_of_a_client_that_hung_up_has_no_status() -> None:
    assert parse(json.dumps({**LINE, "status": "000"}).encode()).status == 0


@pytest.mark.parametrize("changes", [{"reference": "sha256:00"}, {"kind": "blobs", "reference": "sha256:00"}])
def test_a_digest_is_no_tag(changes: Mapping[str, str]) -> None:
    assert not parse(json.dumps({**LINE, **changes}).encode()).is_of_tag


def test_bytes_that_are_not_utf_8_are_replaced() -> None:
    assert parse(json.dumps(LINE).encode().replace(b"alice", b"al\xffice")).user == "al\ufffdice"


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b'"text"', b"7", b'{"at": 1}', b'{"at": "x"}'])
def test_what_nginx_has_not_written_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(line)
