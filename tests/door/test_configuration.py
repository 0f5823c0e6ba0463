"""Debian's nginx reads the real configuration files of the front door and the login check."""

import pytest

from rehearsal.room.door import as_auth_user
from rehearsal.room.isolation import Room

HARMLESS = ("syntax is ok", "test is successful", "[notice]")


@pytest.mark.parametrize(("file", "user"), [("nginx.conf", ()), ("auth.conf", as_auth_user())])
def test_nginx_accepts_the_file_without_a_warning(room: Room, file: str, user: tuple[str, ...]) -> None:
    done = room.run(*user, "nginx", "-t", "-e", "stderr", "-c", f"/etc/nginx/{file}")
    assert [line for line in done.stderr.splitlines() if not any(words in line for words in HARMLESS)] == []
