"""A disk that loses what was not written. It is mounted in a mount namespace of its own, which needs root."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LOSE = """
import subprocess, sys
from pathlib import Path
from rehearsal.machine.disk import break_disk, mount_disk, mount_new_disk, unmount_disk
image, at = Path(sys.argv[1], "disk.img"), Path(sys.argv[1], "disk")
mount_new_disk(image, at, 1 << 30)
(at / "synced").write_text("kept")
subprocess.run(["sync", "--file-system", str(at)], check=True)
(at / "new").write_text("gone")
break_disk(at)
try:
    (at / "newer").write_text("refused")
except OSError:
    print("refused")
unmount_disk(image, at)
mount_disk(image, at)
print((at / "synced").read_text(), (at / "new").exists() and (at / "new").read_text())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: mounts need root; run `sudo make test`")
def test_a_broken_disk_refuses_writes_and_has_what_was_synced_when_it_is_mounted_again(tmp_path: Path) -> None:
    command = ["unshare", "--mount", "--propagation", "private", sys.executable, "-c", LOSE, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout in ("refused\nkept False\n", "refused\nkept \n"), done.stderr
