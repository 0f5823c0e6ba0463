"""What AWS Lambda puts beside a function's own package: the runtime interface client and the SDK."""

import platform
from collections.abc import Callable
from pathlib import Path

from rehearsal.machine.python.packages import install_once, uv
from rehearsal.machine.workplace import Workplace

REQUIREMENTS = Path(__file__).with_name("lambda_runtime.txt")
PYTHON = "3.13"


def prepare(workplace: Workplace, say: Callable[[str], None]) -> Path:
    """The folder of it, installed now if the cache has none. Raises PackagesError: it cannot be installed."""
    return install_once(workplace, "lambda-runtime", REQUIREMENTS, _install, say)


def _install(folder: Path) -> None:
    uv(
        "pip", "install", "--target", str(folder),
        "--python-version", PYTHON, "--python-platform", f"{platform.machine()}-manylinux2014",
        "--only-binary", ":all:", "--no-deps", "--require-hashes", "--requirements", str(REQUIREMENTS),
    )  # fmt: skip
