"""AWS's Debian package of the SSM agent, at AWS's address: it has the agent that the rehearsal's own image brings.

https://docs.aws.amazon.com/systems-manager/latest/userguide/agent-install-deb.html
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

from rehearsal.contract import run_directory
from rehearsal.faults.front import put_in_front
from rehearsal.machine.registry_image import architecture
from rehearsal.machine.roots import IMAGE_FILES
from rehearsal.outside.world import World

UNIT = "etc/systemd/system/amazon-ssm-agent.service"
FILE = "amazon-ssm-agent.deb"
CONTROL = """Package: amazon-ssm-agent
Version: 3.3.0.0-1
Architecture: all
Maintainer: Amazon.com, Inc.
Description: stands for AWS's package
"""
# As packaging/ubuntu/postinst of github.com/aws/amazon-ssm-agent
STARTED = "#!/bin/sh\nsystemctl daemon-reload\nsystemctl start amazon-ssm-agent\n"


def offer(world: World) -> None:
    region = world.state.profile.region
    build(world.workplace.run / run_directory.STAND_INS / FILE)
    path = f"/amazon-ssm-{region}/latest/debian_{architecture()}/{FILE}"
    put_in_front(world, "agent", f"location = {path} {{ alias /srv/{FILE}; }}\n")


def build(package: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "package")
        unit = root / "usr/lib/systemd/system" / Path(UNIT).name
        unit.parent.mkdir(parents=True)
        shutil.copy(IMAGE_FILES / UNIT, unit)
        control = root / "DEBIAN"
        control.mkdir()
        (control / "control").write_text(CONTROL)
        (control / "postinst").write_text(STARTED)
        (control / "postinst").chmod(0o755)
        root.chmod(0o755)
        command = ["dpkg-deb", "--root-owner-group", "--build", str(root), str(package)]
        subprocess.run(command, check=True, capture_output=True)
