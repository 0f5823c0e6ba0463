"""A client of registries that ask for logins and for patience."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock, patch

import pytest

from migrate import address, logins
from migrate.challenge import Challenge
from migrate.logins import Login, LoginError
from migrate.registry import OutOfReachError, Registry, seconds_asked
from tests.support.dressed_registry import Dressed, Manners

ANNA = Login("anna", "secret")
AUTH = {"auth": "YW5uYTpzZWNyZXQ="}
NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


@contextmanager
def registry(login: Login | None, **manners: Any) -> Iterator[Registry]:
    server = Dressed(("127.0.0.1", 0), "127.0.0.1:1", Manners(login="anna:secret", **manners))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield Registry(address.parse(server.origin), login, said.append, slept.append)
    finally:
        server.shutdown()
        server.server_close()


said: list[str] = []
slept: list[float] = []


@pytest.fixture(autouse=True)
def _nothing_said() -> None:
    said.clear()
    slept.clear()


def test_a_missing_login_is_told_with_the_command_that_makes_it() -> None:
    with registry(None) as old, pytest.raises(LoginError, match=r"asks for a login: docker login 127\.0\.0\.1"):
        old.tags("app")


def test_a_refused_login_is_told_with_its_user() -> None:
    with registry(Login("anna", "wrong")) as old, pytest.raises(LoginError, match=r"login of anna at .* was refused"):
        old.tags("app")


def test_a_registry_that_is_busy_for_ever_is_given_up_after_half_an_hour() -> None:
    with (
        registry(Login("anna", "secret"), busy_every=1) as old,
        pytest.raises(OutOfReachError, match="answered 429 to GET /v2/app/tags/list"),
    ):
        old.tags("app")
    assert said[0].endswith("asks for fewer requests: waiting 1 s")
    assert 25 * 60 < sum(slept) < 30 * 60


def test_a_token_is_waited_for_where_the_registry_asks_for_fewer_requests() -> None:
    with registry(ANNA, busy_every=2) as old:
        assert old.challenge().authorization(old.send, ANNA).startswith("Bearer ")
    assert said == [f"{old.address.host} asks for fewer requests: waiting 1 s"]


def test_a_registry_that_does_not_answer_is_told() -> None:
    silent = Registry(address.parse("http://127.0.0.1:1"), None, said.append, slept.append)
    with pytest.raises(OutOfReachError, match=r"^127\.0\.0\.1:1 does not answer: \[Errno 111\] Connection refused$"):
        silent.tags("app")


def test_a_registry_with_a_certificate_of_its_own_is_trusted_as_docker_trusts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "old.example.com:5000/ca.crt"
    own.parent.mkdir()
    own.touch()
    monkeypatch.setattr("migrate.registry.CERTIFICATES", tmp_path)
    with patch("requests.Session.request", return_value=Mock(status_code=200, headers={})) as request:
        Registry(address.parse("old.example.com:5000"), None).challenge()
        Registry(address.parse("other.example.com"), None).challenge()
    assert [call.kwargs["verify"] for call in request.call_args_list] == [str(own), None]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("30", 30), ("Sat, 28 Nov 2026 12:00:45 GMT", 45), ("Sat, 28 Nov 2026 11:00:00 GMT", 0), ("", 0), ("soon", 0)],
)
def test_retry_after_has_seconds_or_a_date(header: str, seconds: float) -> None:
    assert seconds_asked(header, NOW) == seconds


def test_a_challenge_names_the_server_of_tokens() -> None:
    header = 'Bearer realm="https://gitlab.com/jwt/auth",service="container_registry",scope="registry:catalog:*"'
    challenge = Challenge.parse(header)
    assert (challenge.scheme, challenge.service, challenge.origin) == (
        "bearer", "container_registry", "https://gitlab.com",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("host", "saved", "expected"),
    [
        ("registry.example.com", {"auths": {"registry.example.com": AUTH}}, ("anna", "secret", "")),
        ("docker.io", {"auths": {"https://index.docker.io/v1/": AUTH}}, ("anna", "secret", "")),
        ("a.example.com", {"auths": {"a.example.com": {"auth": "YW5uYTo=", "identitytoken": "t"}}}, ("", "", "t")),
    ],
)  # fmt: skip
def test_a_login_is_the_one_that_docker_saved(
    host: str, saved: dict[str, Any], expected: tuple[str, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(saved))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    login = logins.saved(host)
    assert login
    assert (login.user, login.password, login.identity_token) == expected
    assert logins.saved("other.example.com") is None


def test_a_login_comes_from_the_credential_helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper = tmp_path / "docker-credential-test"
    helper.write_text('#!/bin/sh\ncat >/dev/null\necho \'{"ServerURL":"x","Username":"anna","Secret":"secret"}\'\n')
    helper.chmod(0o700)
    (tmp_path / "config.json").write_text(json.dumps({"credsStore": "test"}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert logins.saved("registry.example.com") == Login("anna", "secret")
