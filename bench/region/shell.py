"""A person's shell at the project's folder, and the commands of docs/recovery.md as they stand there."""

import re
import subprocess
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path

from rehearsal.contract import product
from rehearsal.error import RehearsalError
from rehearsal.outside.cdk import CDK, environment
from rehearsal.outside.world import ALERT_EMAIL, World

PAGE = product.PROJECT / "docs/recovery.md"
BLOCK = re.compile(r"^ *```\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def commands(heading: str) -> list[str]:
    """The blocks of the section of docs/recovery.md that begins with this heading."""
    section = PAGE.read_text().partition(f"{heading}\n")[2]
    blocks = BLOCK.findall(re.split(r"^##", section, maxsplit=1, flags=re.MULTILINE)[0])
    if not blocks:
        raise RehearsalError(f"{PAGE} has no commands below {heading!r}")
    return [textwrap.dedent(block) for block in blocks]


@dataclass(frozen=True, slots=True)
class Shell:
    """Domain and mail address are as if in the person's cdk.json."""

    world: World

    def run(self, *scripts: str, folder: Path = product.PROJECT) -> str:
        """One after the other in one shell; returns what they printed. Raises RehearsalError: a command failed."""
        with tempfile.TemporaryDirectory() as tools:
            self._lay(Path(tools))
            usual = environment(self.world.state.profile)
            variables = {
                **usual,
                "CDK_OUTPUT": str(self.world.workplace.run / "cdk.out"),
                "CDK_PROGRESS": "events",
                "CDK_REQUIRE_APPROVAL": "never",
                "PATH": f"{tools}:{usual['PATH']}",
            }
            script = "\n".join(scripts)
            command = self.world.command(["bash", "-euo", "pipefail", "-c", script], folder)
            done = subprocess.run(
                command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, input=""
            )
        if done.returncode:
            raise RehearsalError(f"exit code {done.returncode} of\n{script}\n{done.stdout}")
        return done.stdout

    def _lay(self, tools: Path) -> None:
        """The client's aws, and the project's cdk with the settings."""
        state = self.world.state
        settings = product.settings(domain=state.domain, zone=state.zone, email=ALERT_EMAIL)
        context = " ".join(f"-c {name}={value}" for name, value in settings.items())
        for name, line in (("aws", f'chroot {state.client_root} aws "$@"'), ("npx", f'{CDK} "${{@:2}}" {context}')):
            (tools / name).write_text(f"#!/bin/bash\nexec {line}\n")
            (tools / name).chmod(0o755)
