"""The places in the run directory that one side of the wall writes and the other reads."""

from pathlib import Path

ORDER = "order.json"
STATE = "state.json"
CONTROL_SOCKET = "control.socket"
# A line for each thing that happens in the world.
EVENTS = "events.log"
MAILBOX = "mail.jsonl"
# The folder that the internet's stand-ins see as /srv: their configuration, data and logs.
STAND_INS = "internet/srv"
# The disk of the S3 server, which the world alone has mounted. Below it is a folder of files for each bucket.
OBJECTS = f"{STAND_INS}/objects"
BUCKETS = f"{OBJECTS}/buckets"
# Its log: a line for each request to AWS, the certificate authority and the image registry.
FRONT_LOG = f"{STAND_INS}/nginx-access.log"
# The images of a years-old registry that were put there, by repository.
AGE = "age.json"
# A folder for each host, with its console.log and its disk.
HOSTS = "hosts"
# Below a host's folder: the disk that the world alone has mounted, and the logs on it.
HOST_LOGS = "disk/upper/var/log"


def in_world(keeper_pid: int, path: Path) -> Path:
    """A path as the world sees it: the hosts' disks are mounted there alone."""
    return Path(f"/proc/{keeper_pid}/root{path}")
