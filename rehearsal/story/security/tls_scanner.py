"""sslyze, which compares what a server offers with Mozilla's guideline: https://nabla-c0d3.github.io/sslyze/documentation/

It has an environment of its own in the cache: it pins an older cryptography than the rehearsal.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from rehearsal.machine.workplace import Workplace

REQUIREMENTS = Path(__file__).with_name("sslyze.txt")
COMPLIANT = "OK - Compliant."
VERDICT = "Checking results against"


class ScannerError(Exception):
    """sslyze cannot be had."""


def prepare(workplace: Workplace, say: Callable[[str], None]) -> Path:
    """The Python that has it, installed now if the cache has none."""
    key = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:16]
    place = workplace.cache / f"sslyze-{key}"
    if not place.is_dir():
        say("installing sslyze …")
        with tempfile.TemporaryDirectory(prefix=".sslyze-", dir=workplace.cache) as scratch:
            draft = Path(scratch, "environment")
            _uv("venv", "--relocatable", "--python", sys.executable, str(draft))
            # sslyze itself, pure Python, comes as source only.
            install = ("pip", "install", "--require-hashes", "--no-binary", "sslyze")
            _uv(*install, "--python", str(draft / "bin/python"), "--requirements", str(REQUIREMENTS))
            draft.rename(place)
        for old in workplace.cache.glob("sslyze-*"):
            if old != place:
                shutil.rmtree(old)
    return place / "bin/python"


def command(python: Path, name: str, authorities: str) -> list[str]:
    """What scans port 443 of a name, for all that Mozilla's intermediate configuration says, and no more."""
    return [
        *(str(python), "-W", "ignore", "-m", "sslyze"),
        *("--mozilla_config=intermediate", f"--certinfo_ca_file={authorities}", f"{name}:443"),
    ]


def verdict(printed: str) -> str:
    """What it says of the comparison; it ends well, too, if it could not reach the server."""
    return printed.partition(VERDICT)[2].partition("\n")[2].strip() or printed.strip()[-500:]


def _uv(*arguments: str) -> None:
    command: Sequence[str] = [sys.executable, "-m", "uv", "--quiet", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise ScannerError(f"sslyze cannot be installed:\n{done.stderr}")
