"""The process that becomes systemd-nspawn for one boot of one host.

Run as a file with the standard library alone, in a mount namespace of its own, so that what systemd-nspawn
leaves in /run is this boot's. It enters the host's cgroups before anything of the host exists.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

NETWORK_DESCRIPTOR = 9

order = json.loads(sys.argv[1])
for directory in order["cgroups"]:
    # 0 is the process that writes
    Path(directory, "cgroup.procs").write_text("0")
network = os.open(order["network"], os.O_RDONLY)
os.dup2(network, NETWORK_DESCRIPTOR, inheritable=True)
subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run"], check=True)
os.execvpe(order["argv"][0], order["argv"], order["environment"])
