"""What is kept of a rehearsal that failed: the logs of everything, where the rehearsal's end does not reach."""

import shutil
from pathlib import Path

from rehearsal.inside.host import LOGS
from rehearsal.machine.workplace import Workplace

KEPT = Path("/var/tmp/registry-rehearsal-logs")  # noqa: S108 - told to the person, who reads it before the next failure
PATTERNS = ("*.log", "internet/srv/*.log", "hosts/*/console.log", f"hosts/*/{LOGS}/**/*", "logs/**/*")


def keep_logs(workplace: Workplace, keeper_pid: int) -> Path:
    """Copy them, in place of the last failure's; returns the folder."""
    shutil.rmtree(KEPT, ignore_errors=True)
    # As the world sees it: the hosts' disks are mounted there alone.
    run = Path(f"/proc/{keeper_pid}/root{workplace.run}")
    for pattern in PATTERNS:
        for file in run.glob(pattern):
            if file.is_file() and not file.is_symlink():
                copy = KEPT / file.relative_to(run)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
    return KEPT
