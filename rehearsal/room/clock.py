"""nginx's own clock in a room, which a test can set. All other programs have the machine's clock.

libfaketime, README: the offset is in FILE, and is read each time. Timers are of the monotonic clock, which goes on.
"""

from rehearsal.room.isolation import Room

# libfaketime's last resort, because nginx's workers clear their environment.
FILE = "/etc/faketimerc"
ENVIRONMENT = {
    "LD_PRELOAD": "/usr/$LIB/faketime/libfaketime.so.1",
    "FAKETIME_NO_CACHE": "1",
    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    "NO_FAKE_STAT": "1",
}


def seconds_ahead(room: Room) -> float:
    """Of the machine's clock."""
    file = room.place(FILE)
    return float(file.read_text()) if file.exists() else 0.0


def step(room: Room, seconds: float) -> None:
    """Set it so much ahead, or back."""
    new = room.place(f"{FILE}.new")
    new.write_text(f"{seconds_ahead(room) + seconds:+.3f}\n")
    new.rename(room.place(FILE))
