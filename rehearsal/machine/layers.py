"""Root file systems as layers: stacked by overlay for a host, and entered by chroot to make one more.

Run as a file with the standard library alone, it is the process that enters (`run_in`).
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Stack:
    """Read-only layers, the topmost first, and the folder for writes above them."""

    layers: tuple[str, ...]
    upper: str
    work: str
    at: str


def mount_stack(stack: Stack, *, volatile: bool = True) -> None:
    """A volatile one ignores it when programs sync, because nothing in it outlives its world."""
    lower = ":".join(layer.replace(":", r"\:") for layer in stack.layers)
    options = f"lowerdir={lower},upperdir={stack.upper},workdir={stack.work}{',volatile' if volatile else ''}"
    mount("-t", "overlay", "-o", options, "overlay", stack.at)


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def run_in(stack: Stack, argv: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run argv by chroot in the stack, with the network of this process and no service manager. Its mounts and
    processes are its own namespace's, and die with it and with this process."""
    order = json.dumps({"stack": asdict(stack), "argv": list(argv), "environment": dict(environment)})
    confined = [
        "setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child",
        sys.executable, "-I", __file__, order,
    ]  # fmt: skip
    return subprocess.run(confined, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def enter(stack: Stack, argv: Sequence[str], environment: Mapping[str, str]) -> None:
    mount_stack(stack)
    root = Path(stack.at)
    mount("-t", "proc", "proc", str(root / "proc"))
    mount("-t", "sysfs", "-o", "ro", "sysfs", str(root / "sys"))
    mount("--rbind", "/dev", str(root / "dev"))
    mount("-t", "tmpfs", "tmpfs", str(root / "run"))
    resolver = root / "etc/resolv.conf"
    resolver.unlink(missing_ok=True)
    resolver.write_text(Path("/etc/resolv.conf").read_text())
    os.chroot(root)
    os.chdir("/")
    os.execvpe(argv[0], list(argv), dict(environment))


if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    enter(Stack(**order["stack"]), order["argv"], order["environment"])
