"""The front door's and the login check's real files, read by Debian's nginx."""

import pytest

from rehearsal.room.door import AUTH_USER
from rehearsal.room.room import Room

NO_NEWS = ("syntax is ok", "test is successful", "[notice]")


@pytest.mark.parametrize(("file", "user"), [("nginx.conf", ()), ("auth.conf", AUTH_USER)])
def test_nginx_accepts_the_file_without_a_warning(room: Room, file: str, user: tuple[str, ...]) -> None:
    done = room.run(*user, "nginx", "-t", "-e", "stderr", "-c", f"/etc/nginx/{file}")
    assert [line for line in done.stderr.splitlines() if not any(news in line for news in NO_NEWS)] == []
