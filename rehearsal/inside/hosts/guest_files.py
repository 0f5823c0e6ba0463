"""What a guest has on this machine: a disk and cgroups of its own, and logs that outlive it.

A guest's folder in the run directory has console.log, and disk/, which the world alone has mounted; disk/upper holds
everything that the host has written.
"""

import shutil
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path

from rehearsal.contract.run_directory import HOST_LOGS
from rehearsal.contract.world_network import WORLD_ADDRESS
from rehearsal.machine.layers import Stack, mount, mount_stack
from rehearsal.machine.workplace import Workplace, remove_tree

# Overlay does not stack on overlay, so what container engines unpack lives beside the host's own files.
ENGINE_FOLDERS = ("docker", "containerd", "containers")
DISK_BYTES = 16 << 30
# By this file cloud-init knows an EC2 instance.
IDENTITY = "uuid"


def mount_new_disk(image: Path, at: Path, size_bytes: int) -> None:
    """An empty one. The file that holds it takes as much of this machine's disk as was written to it."""
    with image.open("wb") as file:
        file.truncate(size_bytes)
    # It outlives no crash, so it needs no journal, and its tables may be written when they are used.
    subprocess.run(
        ["/usr/sbin/mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-E", "lazy_itable_init=1,nodiscard", str(image)],
        check=True, capture_output=True,
    )  # fmt: skip
    at.mkdir()
    mount("-o", "loop,noatime", str(image), str(at))


def make_disk(folder: Path, private_ip: str, layers: Sequence[Path]) -> Path:
    """An empty disk above the layers, the topmost first; returns where the root file system is mounted."""
    remove_tree(folder)
    root, disk = folder / "root", folder / "disk"
    root.mkdir(parents=True)
    mount_new_disk(folder / "disk.img", disk, DISK_BYTES)
    etc = disk / "upper/etc"
    for directory in (etc, *(disk / name for name in ("work", *ENGINE_FOLDERS))):
        directory.mkdir(parents=True)
    name = "ip-" + private_ip.replace(".", "-")
    (etc / "hostname").write_text(f"{name}\n")
    (etc / "hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {name}\n::1 localhost\n")
    (etc / "resolv.conf").write_text(f"nameserver {WORLD_ADDRESS}\n")
    (folder / IDENTITY).write_text(f"ec2{uuid.uuid4()}"[:36] + "\n")
    mount_stack(Stack(tuple(map(str, layers)), f"{disk}/upper", f"{disk}/work", str(root)))
    return root


def make_cgroups(workplace: Workplace, instance_id: str) -> tuple[Path, ...]:
    """One in each hierarchy of the machine, below the rehearsal's."""
    children = []
    for parent in workplace.cgroups():
        parent.mkdir(exist_ok=True)
        controllers = parent / "cgroup.controllers"
        if controllers.exists() and (names := controllers.read_text().split()):
            (parent / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in names))
        child = parent / instance_id
        child.mkdir(exist_ok=True)
        children.append(child)
    return tuple(children)


def keep_logs_of(folder: Path, kept: Path) -> None:
    """Copy the console and the logs on the disk, in place of earlier ones."""
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    shutil.copy(folder / "console.log", kept)
    logs = folder / HOST_LOGS
    if logs.is_dir():
        shutil.copytree(logs, kept / "log", symlinks=True, ignore=_not_files)


def _not_files(folder: str, names: list[str]) -> list[str]:
    """Sockets and the overlay's marks of removed files have no content to copy."""
    return [name for name in names if not (Path(folder, name).is_file() or Path(folder, name).is_dir())]
