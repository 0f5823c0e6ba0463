"""The front door's logs have a largest size, whatever a day brings."""

import shutil

from rehearsal.contract.product import USERDATA
from rehearsal.room.isolation import Room
from tests.support.door_client import Client

ROTATE = ("logrotate", "/etc/logrotate.conf")
LOGS, ACCESS_LOG = "/var/log/nginx", "/var/log/nginx/access.log"
KEPT, MEGABYTES = 8, 60


def test_logs_of_a_busy_day_are_rotated_by_size_and_the_oldest_are_deleted(client: Client, room: Room) -> None:
    shutil.copy(USERDATA / "etc/logrotate.d/nginx", room.place("/etc/logrotate.d/nginx"))
    log = room.place(ACCESS_LOG)
    for _ in range(KEPT + 3):
        room.run("truncate", f"--size={MEGABYTES}M", ACCESS_LOG)
        room.run(*ROTATE)
    rotated = [path for path in log.parent.iterdir() if path.name.startswith("access.log")]
    assert len(rotated) == KEPT
    # The last one waits for its compression.
    assert sum(path.stat().st_size for path in rotated) < 2 * MEGABYTES << 20
    client.ask("/v2/")
    client.ask("/v2/none/manifests/after-the-rotation")
    # nginx writes its buffer within five seconds.
    room.run(
        "sh", "-c", f"for _ in $(seq 70); do grep -q after-the-rotation {ACCESS_LOG} && exit; sleep 0.1; done; exit 1"
    )


def test_a_quiet_days_log_stays_until_the_next_day(client: Client, room: Room) -> None:
    shutil.copy(USERDATA / "etc/logrotate.d/nginx", room.place("/etc/logrotate.d/nginx"))
    client.ask("/v2/")
    room.run(*ROTATE)
    before = sorted(path.name for path in room.place(LOGS).iterdir())
    room.run(*ROTATE)
    assert sorted(path.name for path in room.place(LOGS).iterdir()) == before
