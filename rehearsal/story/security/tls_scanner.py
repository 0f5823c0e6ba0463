"""sslyze, which compares what a server offers with Mozilla's guideline: https://nabla-c0d3.github.io/sslyze/documentation/

It has an environment of its own in the cache: it pins an older cryptography than the rehearsal.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from rehearsal.machine.python.packages import install_once, uv
from rehearsal.machine.workplace import Workplace

REQUIREMENTS = Path(__file__).with_name("sslyze.txt")
COMPLIANT = "OK - Compliant."
VERDICT = "Checking results against"


def prepare(workplace: Workplace, say: Callable[[str], None]) -> Path:
    """The Python that has it, installed now if the cache has none. Raises PackagesError: it cannot be installed."""
    return install_once(workplace, "sslyze", REQUIREMENTS, _install, say) / "bin/python"


def _install(folder: Path) -> None:
    uv("venv", "--relocatable", "--python", sys.executable, str(folder))
    # sslyze itself, pure Python, comes as source only.
    options = ("--require-hashes", "--no-binary", "sslyze", "--requirements", str(REQUIREMENTS))
    uv("pip", "install", "--python", str(folder / "bin/python"), *options)


def command(python: Path, name: str, authorities: str) -> list[str]:
    """The scan of port 443 of a name, for everything that Mozilla's intermediate configuration says, and no more."""
    return [
        *(str(python), "-W", "ignore", "-m", "sslyze"),
        *("--mozilla_config=intermediate", f"--certinfo_ca_file={authorities}", f"{name}:443"),
    ]


def verdict(printed: str) -> str:
    """The result of the comparison, or the last words: its exit code is 0, too, if it could not reach the server."""
    return printed.partition(VERDICT)[2].partition("\n")[2].strip() or printed.strip()[-500:]
