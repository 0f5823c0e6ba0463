"""Commands that enter a world, or a host in it."""

from collections.abc import Sequence
from pathlib import Path


def enter(keeper_pid: int, argv: Sequence[str], directory: Path | None = None) -> list[str]:
    """The command that runs argv inside the world, with its names and its trust; it ends with the world."""
    names = {"net": "net", "mount": "mnt", "pid": "pid_for_children"}
    spaces = [f"--{option}=/proc/{keeper_pid}/ns/{name}" for option, name in names.items()]
    return ["nsenter", *spaces, "--", "env", f"--chdir={directory or Path.cwd()}", *argv]


def command_on_host(leader_pid: int, argv: Sequence[str], *, timeout_seconds: float | None = None) -> list[str]:
    """The command that runs argv, for a process of the world, on a host as an SSM agent does: as a root unit."""
    # fmt: off
    limit = [] if timeout_seconds is None else [
        f"--property=RuntimeMaxSec={timeout_seconds}", "--property=TimeoutStopSec=5",
    ]
    return [
        "nsenter", "--target", str(leader_pid), "--all", "--",
        "systemd-run", "--quiet", "--pipe", "--wait", "--collect", "--setenv=HOME=/root", *limit, "--",
        *argv,
    ]
    # fmt: on
