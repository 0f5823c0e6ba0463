"""What the command says to regsync, and what it reads of its log: lines of regsync v0.11.7."""

from pathlib import Path

import pytest

from migrate import address, regsync
from migrate.comparison import Item
from migrate.logins import Login
from migrate.registry import Registry
from migrate.regsync import Event, ToolError, copy_of, events, orders

SOURCE = Registry(address.parse("http://old.example.com:5000"), Login("anna", "secret"))
TARGET = Registry(address.parse("registry.example.com"), Login("admin", "secret"))


def test_a_tag_goes_to_its_new_name_and_an_attachment_to_its_digest() -> None:
    tag = copy_of(SOURCE, TARGET, Item("app", "1.0"), "old/app", again=False)
    assert (tag.source, tag.target) == ("old.example.com:5000/app:1.0", "registry.example.com/old/app:1.0")
    attached = copy_of(SOURCE, TARGET, Item("app", "sha256:ab", "sha256:cd"), "app", again=True)
    assert attached.target == "registry.example.com/app@sha256:ab"


def test_the_orders_have_no_password_that_docker_login_saved() -> None:
    order = orders(SOURCE, TARGET, [copy_of(SOURCE, TARGET, Item("app", "1.0"), "app", again=False)], 8)
    assert "secret" not in str(order)
    assert order["creds"][0] == {"registry": "old.example.com:5000", "reqConcurrent": 8, "tls": "disabled"}


def test_the_orders_have_a_login_that_only_this_command_has() -> None:
    ecr = Registry(address.parse("old.example.com"), Login("AWS", "a token", saved=False))
    assert (
        orders(ecr, TARGET, [], 8)["creds"][0] | {"user": "AWS", "pass": "a token"}
        == orders(ecr, TARGET, [], 8)["creds"][0]
    )


LOG = {
    '{"level":"DEBUG","msg":"Image sync running","source":"old/app:1","target":"new/a:1"}': [Event(began="old/app:1")],
    '{"level":"ERROR","msg":"Failed to sync","target":"new/app:1","source":"old/app:1","error":"failed to\\n put"}': [
        Event(failed="old/app:1", why="failed to put")
    ],
    '{"level":"INFO","msg":"Delaying for rate limit","source":"docker.io/acme/app:1","source-remain":12,'
    '"source-limit":100,"step-min":20,"sleep":300000000000}': [
        Event(waits="the source has 12 of 100 pulls left for you: waiting 300 s")
    ],
    '{"level":"DEBUG","msg":"Sleeping for backoff","Host":"docker.io","Duration":29995410000}': [
        Event(waits="waiting 30 s before docker.io is asked again", lags=True)
    ],
    '{"level":"DEBUG","msg":"Sleeping for backoff","Host":"docker.io","Duration":99541000}': [],
    "Error: the last line is plain text": [],
}


@pytest.mark.parametrize(("line", "expected"), LOG.items())
def test_a_line_of_the_log_is_an_event(line: str, expected: list[Event]) -> None:
    assert list(events(line)) == expected


@pytest.mark.parametrize(
    ("why", "is_busy", "is_unanswered"),
    [
        ("request failed: rate limit exceeded [http 429]: slow down", True, False),
        ("failed to get manifest: retry limit exceeded", True, True),
        ("failed to get blob: request failed: not found [http 404]: ", False, False),
        ('Get "http://old.example.com/v2/": dial tcp 10.0.0.5:5000: connect: connection refused', False, True),
        ("", False, False),
    ],
)
def test_a_failure_says_whether_it_may_pass(why: str, is_busy: bool, is_unanswered: bool) -> None:
    event = Event(failed="old/app:1", why=why)
    assert (event.is_busy, event.is_unanswered) == (is_busy, is_unanswered)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_tag_that_the_target_has_by_now_stays_unless_it_may_be_overwritten(
    *, overwrite: bool, tmp_path: Path
) -> None:
    tool = tmp_path / "regsync"
    line = '{"msg": "Failed to sync", "source": "%s", "error": ""}'
    tool.write_text(f"#!/bin/sh\ncat >/dev/null\nprintf '{line}' \"$*\" >&2\n")
    tool.chmod(0o700)
    heard: list[Event] = []
    regsync.run(tool, {}, heard.append, overwrite=overwrite)
    assert ("--missing" in heard[0].failed) is not overwrite


def test_a_tool_that_cannot_be_built_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(regsync, "VERSION", "v0.0.0")
    monkeypatch.setenv("GOPROXY", "off")
    with pytest.raises(ToolError, match=r"regsync v0\.0\.0 cannot be built: .*disabled by GOPROXY=off"):
        regsync.program()
