"""A host's disk: a file system of its own, which it can fill without filling this machine's."""

import subprocess
from pathlib import Path

from rehearsal.machine.layers import mount


def mount_new_disk(image: Path, at: Path, size_bytes: int) -> None:
    """An empty one. The file that holds it takes as much of this machine's disk as was written to it."""
    with image.open("wb") as file:
        file.truncate(size_bytes)
    # It outlives no crash, so it needs no journal, and its tables may be written when they are used.
    # fmt: off
    subprocess.run(
        ["/usr/sbin/mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-E", "lazy_itable_init=1,nodiscard", str(image)],
        check=True, capture_output=True,
    )
    # fmt: on
    at.mkdir()
    mount("-o", "loop,noatime", str(image), str(at))
