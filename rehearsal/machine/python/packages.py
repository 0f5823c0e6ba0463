"""Pinned Python packages in a folder of the cache, installed once by uv."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rehearsal.error import RehearsalError
from rehearsal.machine.workplace import Workplace


class PackagesError(RehearsalError):
    """Packages cannot be installed; the text is uv's."""


def install_once(
    workplace: Workplace, name: str, requirements: Path, install: Callable[[Path], None], say: Callable[[str], None]
) -> Path:
    """The folder that ``install`` made for these requirements and this Python; older ones are removed."""
    key = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:16]
    place = workplace.cache / f"{name}-{key}"
    if not place.is_dir():
        say(f"installing {name} …")
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=workplace.cache) as scratch:
            draft = Path(scratch, "draft")
            install(draft)
            draft.chmod(0o755)
            draft.rename(place)
        for old in workplace.cache.glob(f"{name}-*"):
            if old != place:
                shutil.rmtree(old)
    return place


def uv(*arguments: str) -> None:
    """Raises PackagesError: uv failed."""
    command = [sys.executable, "-m", "uv", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise PackagesError(f"uv {' '.join(arguments)} failed:\n{done.stderr}")
