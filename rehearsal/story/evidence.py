"""The logs of a rehearsal that failed, copied to a folder that the rehearsal's end does not remove."""

import shutil
from pathlib import Path

from rehearsal.contract import run_directory
from rehearsal.machine.workplace import Workplace

KEPT = Path("/var/tmp/registry-rehearsal-logs")  # noqa: S108 - the person reads it before the next failure
PATTERNS = (
    "*.log",
    "internet/srv/*.log",
    "hosts/*/console.log",
    f"hosts/*/{run_directory.HOST_LOGS}/**/*",
    "logs/**/*",
)


def keep_logs(workplace: Workplace, keeper_pid: int) -> Path:
    """Copy them, in place of those of the last failure; returns the folder."""
    shutil.rmtree(KEPT, ignore_errors=True)
    run = run_directory.in_world(keeper_pid, workplace.run)
    for pattern in PATTERNS:
        for file in run.glob(pattern):
            if file.is_file() and not file.is_symlink():
                copy = KEPT / file.relative_to(run)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
    return KEPT
