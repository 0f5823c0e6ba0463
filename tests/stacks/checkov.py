"""checkov in an environment of its own: its hundred packages would take part in resolving ours."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.stacks.conftest import PROJECT

REQUIREMENTS = Path(__file__).with_name("checkov.txt")
HOME = PROJECT / ".checkov"
# It would ask its maker's servers for what is better written down in exceptions.py.
OFFLINE = ("--skip-download", "--framework", "cloudformation", "--output", "json")


def failed_checks(templates: Path) -> list[dict[str, Any]]:
    """What it finds in a folder of nothing but templates."""
    done = subprocess.run(  # noqa: S603
        [str(_installed()), "--directory", str(templates), *OFFLINE],
        capture_output=True,
        text=True,
        check=False,
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
