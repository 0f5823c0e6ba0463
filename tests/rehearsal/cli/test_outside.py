"""The outside of the rehearsal: people's commands answer quickly, because they load no emulated AWS."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]
OUTSIDE = ("cli", "contract", "faults", "machine", "outside", "story")
INSIDE = ("moto", "rehearsal.cloud", "rehearsal.inside")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("room", OUTSIDE)
def test_room_imports_nothing_from_inside_the_world(room: str) -> None:
    paths = list((PROJECT / "rehearsal" / room).rglob("*.py"))
    assert paths
    found = {path.name: [name for name in imported(path) if name.startswith(INSIDE)] for path in paths}
    assert {name: names for name, names in found.items() if names} == {}


def test_status_loads_neither_moto_nor_boto3() -> None:
    program = (
        "import sys; sys.argv = ['rehearsal', 'status', '--json']\n"
        "from rehearsal.cli.main import main\n"
        "main()\n"
        "print(sorted({'moto', 'boto3', 'botocore'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"
