"""A program of this machine in a room's network, where the front door's name leads to the room's loopback address."""

from collections.abc import Sequence

from rehearsal.room.door import CERTIFICATE, DOMAIN
from rehearsal.room.isolation import Room

_IN_ROOM = 'mount --bind "$0" /etc/hosts && exec "$@"'


def command(room: Room, argv: Sequence[str]) -> list[str]:
    """argv takes the place of the process that starts it."""
    hosts = room.logs.parent / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {DOMAIN}\n")
    entering = ["nsenter", f"--target={room.pid}", "--net", "unshare", "--mount", "setpriv", "--pdeathsig", "KILL"]
    return [*entering, "sh", "-c", _IN_ROOM, str(hosts), *argv]


def trust(room: Room) -> dict[str, str]:
    """The environment in which Python's requests and Go's programs trust the front door's certificate."""
    return dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"), str(room.place(CERTIFICATE)))
