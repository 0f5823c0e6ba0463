"""What a guest has on this machine: a disk and cgroups of its own, and logs that outlive it.

A guest's folder in the run directory has console.log, disk.img, and disk/, where the world alone has it mounted;
disk/upper holds everything that the host has written.
"""

import shutil
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path

from rehearsal.contract.run_directory import HOST_LOGS
from rehearsal.contract.world_network import WORLD_ADDRESS
from rehearsal.machine.disk import mount_disk, mount_new_disk, unmount_disk
from rehearsal.machine.layers import Stack, mount_stack
from rehearsal.machine.workplace import Workplace, remove_tree

# Overlay does not stack on overlay, so what container engines unpack lives beside the host's own files.
ENGINE_FOLDERS = ("docker", "containerd", "containers")
DISK_BYTES = 16 << 30
# By this file cloud-init knows an EC2 instance.
IDENTITY = "uuid"


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
    # A real disk has all of this before the first boot.
    subprocess.run(["sync", "--file-system", str(disk)], check=True)
    _mount_root(folder, layers)
    return root


def mount_again(folder: Path, layers: Sequence[Path]) -> None:
    """The disk as it is after break_disk. No process of the guest may live."""
    subprocess.run(["umount", "--lazy", str(folder / "root")], check=True)
    unmount_disk(folder / "disk.img", folder / "disk")
    mount_disk(folder / "disk.img", folder / "disk")
    _mount_root(folder, layers)


def _mount_root(folder: Path, layers: Sequence[Path]) -> None:
    disk = folder / "disk"
    stack = Stack(tuple(map(str, layers)), f"{disk}/upper", f"{disk}/work", str(folder / "root"))
    mount_stack(stack, volatile=False)


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
