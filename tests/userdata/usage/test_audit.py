"""The audit trail in the host log group."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from userdata.usage.audit import batches, line_of, send
from userdata.usage.aws import Aws, AwsError
from userdata.usage.log import Request

PUSH = Request(1764313200.123, "a1", "192.0.2.1", "alice", "PUT", "manifests", "team/app", "1.0", 201, "sha256:00")


@dataclass(frozen=True, slots=True)
class Logs(Aws):
    tool: Path = Path("none")
    calls: list[tuple[str, Any]] = field(default_factory=list)
    refusal: str = ""

    def call(self, *arguments: str, given: str = "") -> str:
        self.calls.append((arguments[1], json.loads(given)))
        if self.refusal and arguments[1] == "CreateLogStream":
            raise AwsError(self.refusal)
        return ""


def test_a_line_names_user_address_tag_digest_and_result() -> None:
    assert line_of(PUSH) == {
        "time": "2025-11-28T07:00:00.123Z",
        "id": "a1",
        "address": "192.0.2.1",
        "user": "alice",
        "method": "PUT",
        "kind": "manifests",
        "repository": "team/app",
        "reference": "1.0",
        "status": 201,
        "digest": "sha256:00",
    }


def test_lines_go_to_a_stream_of_the_host() -> None:
    logs = Logs()
    send(logs, "group", "i-1", [PUSH])
    (created, stream), (put, events) = logs.calls
    assert (created, put) == ("CreateLogStream", "PutLogEvents")
    assert stream == {"logGroupName": "group", "logStreamName": "i-1/audit"}
    (event,) = events["logEvents"]
    assert event["timestamp"] == 1764313200123
    assert json.loads(event["message"]) == line_of(PUSH)


def test_a_stream_that_is_there_is_used() -> None:
    logs = Logs(refusal="HTTP 400 ResourceAlreadyExistsException: it exists")
    send(logs, "group", "i-1", [PUSH])
    assert [name for name, _ in logs.calls] == ["CreateLogStream", "PutLogEvents"]


def test_another_refusal_is_reported() -> None:
    with pytest.raises(AwsError, match="AccessDenied"):
        send(Logs(refusal="HTTP 400 AccessDeniedException"), "group", "i-1", [PUSH])


def test_no_text_of_a_client_becomes_a_line_of_its_own() -> None:
    hostile = replace(PUSH, user='"}\n{"time":"now","user":"root\x1b[2J')
    logs = Logs()
    send(logs, "group", "i-1", [hostile])
    (event,) = logs.calls[-1][1]["logEvents"]
    assert "\n" not in event["message"]
    assert "\x1b" not in event["message"]
    assert json.loads(event["message"])["user"] == hostile.user


def test_a_long_text_is_cut() -> None:
    assert len(json.dumps(line_of(replace(PUSH, user="é" * 100_000)))) < 4096


def test_batches_are_what_cloudwatch_takes() -> None:
    day = 24 * 3600
    many = [replace(PUSH, at=PUSH.at + number) for number in reversed(range(450))]
    late = replace(PUSH, at=PUSH.at + 2 * day)
    found = list(batches([late, *many]))
    assert [len(batch) for batch in found] == [200, 200, 50, 1]
    assert [each.at for batch in found for each in batch] == sorted(each.at for each in (late, *many))
