"""checkov in its own virtual environment: with its hundred packages, ours would resolve differently."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.assembly import PROJECT

REQUIREMENTS = Path(__file__).with_name("checkov.txt")
HOME = PROJECT / ".checkov"
# It would download policies from its maker's servers.
OFFLINE = ("--skip-download", "--framework", "cloudformation", "--output", "json")


def failed_checks(templates: Path) -> list[dict[str, Any]]:
    """Its findings in a folder of nothing but templates."""
    done = subprocess.run(  # noqa: S603
        [str(_installed()), "--directory", str(templates), *OFFLINE], capture_output=True, text=True, check=False
    )
    report = json.loads(done.stdout)
    if report["summary"]["parsing_errors"] or not report["summary"]["passed"]:
        raise RuntimeError(f"checkov has not read the templates: {report['summary']} {done.stderr}")
    failed: list[dict[str, Any]] = report["results"]["failed_checks"]
    return failed


def _installed() -> Path:
    mark, wanted = HOME / "requirements.sha256", hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if not mark.exists() or mark.read_text() != wanted:
        _uv("venv", "--quiet", "--clear", "--python", sys.executable, str(HOME))
        install = ("pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:")
        _uv(*install, "--python", str(HOME / "bin/python"), "--requirements", str(REQUIREMENTS))
        mark.write_text(wanted)
    return HOME / "bin/checkov"


def _uv(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "uv", *arguments], check=True)  # noqa: S603
