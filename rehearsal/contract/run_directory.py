"""The places in the run directory that one side of the wall writes and the other reads."""

from pathlib import Path

from rehearsal.machine.workplace import Workplace

# Below a host's folder: the disk that the world alone has mounted, and the logs on it.
HOST_LOGS = "disk/upper/var/log"


def order(workplace: Workplace) -> Path:
    return workplace.run / "order.json"


def state(workplace: Workplace) -> Path:
    return workplace.run / "state.json"


def control_socket(workplace: Workplace) -> Path:
    return workplace.run / "control.socket"


def events(workplace: Workplace) -> Path:
    """What happens in the world, a line for each event."""
    return workplace.run / "events.log"


def mailbox(workplace: Workplace) -> Path:
    return workplace.run / "mail.jsonl"


def stand_ins(workplace: Workplace) -> Path:
    """The folder that the internet's stand-ins see as /srv: their configuration, data and logs."""
    return workplace.run / "internet/srv"


def host(workplace: Workplace, instance_id: str) -> Path:
    """A host's console.log and its disk."""
    return workplace.run / "hosts" / instance_id


def in_world(keeper_pid: int, path: Path) -> Path:
    """A path as the world sees it: the hosts' disks are mounted there alone."""
    return Path(f"/proc/{keeper_pid}/root{path}")
