"""A disk: a file system of its own, which can be filled without filling this machine's, and is gone with one file."""

import subprocess
from pathlib import Path

from rehearsal.machine.layers import mount

# For millions of small files: those of 200 bytes and folders of one entry fit into their inodes.
SMALL_FILES = ("-O", "inline_data", "-I", "512", "-i", "8192")


def mount_new_disk(image: Path, at: Path, size_bytes: int, *options: str) -> None:
    """An empty one, with these options of mkfs.ext4.

    The file that holds it takes as much of this machine's disk as was written to it.
    """
    with image.open("wb") as file:
        file.truncate(size_bytes)
    # It outlives no crash, so it needs no journal, and its tables may be written when they are used.
    # fmt: off
    subprocess.run(
        ["/usr/sbin/mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-E", "lazy_itable_init=1,nodiscard", *options,
         str(image)],
        check=True, capture_output=True,
    )
    # fmt: on
    at.mkdir()
    mount("-o", "loop,noatime,noinit_itable", str(image), str(at))
