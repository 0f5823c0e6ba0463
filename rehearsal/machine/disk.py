"""A disk: a file system of its own, which can be filled without filling this machine's, and is gone with one file."""

import fcntl
import os
import struct
import subprocess
import time
from pathlib import Path

from rehearsal.machine.layers import mount

# For millions of small files: those of 200 bytes and folders of one entry fit into their inodes. No crash is played
# for them, so they need no journal.
SMALL_FILES = ("-O", "^has_journal,inline_data", "-I", "512", "-i", "8192")


# EXT4_IOC_SHUTDOWN and EXT4_GOING_FLAGS_NOLOGFLUSH of the kernel's fs/ext4/ext4.h, as xfstests cuts the power.
_SHUT_DOWN, _WITHOUT_A_WRITE = 0x8004587D, 2
_RELEASE_SECONDS = 20


def mount_new_disk(image: Path, at: Path, size_bytes: int, *options: str) -> None:
    """An empty one, with these options of mkfs.ext4.

    The file that holds it takes as much of this machine's disk as was written to it.
    """
    with image.open("wb") as file:
        file.truncate(size_bytes)
    # Its tables and its journal may be written when they are used.
    # fmt: off
    subprocess.run(
        ["/usr/sbin/mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard", *options,
         str(image)],
        check=True, capture_output=True,
    )
    # fmt: on
    at.mkdir()
    mount_disk(image, at)


def mount_disk(image: Path, at: Path) -> None:
    # barrier=0: the order of writes is kept, and none waits for this machine's disk.
    mount("-o", "loop,noatime,noinit_itable,barrier=0", str(image), str(at))


def break_disk(at: Path) -> None:
    """From now on every read and write fails. What no program has synced and the kernel has not written yet is lost:
    a new file that is younger than half a minute may have its name and no content."""
    folder = os.open(at, os.O_RDONLY)
    try:
        fcntl.ioctl(folder, _SHUT_DOWN, struct.pack("I", _WITHOUT_A_WRITE))
    finally:
        os.close(folder)


def unmount_disk(image: Path, at: Path) -> None:
    """Waits until the last mount namespace has let it go: mount(8) would take the same loop device again. Raises
    TimeoutError: somebody holds it."""
    deadline = time.monotonic() + _RELEASE_SECONDS
    subprocess.run(["umount", "--lazy", str(at)], check=True)
    while subprocess.run(["losetup", "--associated", str(image)], check=True, capture_output=True).stdout:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{image} is still in use")
        time.sleep(0.02)
