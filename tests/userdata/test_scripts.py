"""The host's scripts as text: what can be known about them without a host."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.contract.product import USERDATA

SHELLCHECK = Path(sys.executable).with_name("shellcheck")
# cloud-init's limit is 16 KiB for the whole document; JSON's escapes and host.env take their part.
LARGEST_STUB_BYTES = 12_200

IN_FOLDERS = [script for folder in ("bin", "steps", "tools") for script in (USERDATA / folder).iterdir()]
EXECUTABLES = sorted([*IN_FOLDERS, *(USERDATA / name for name in ("bootstrap", "install", "configure"))])
LIBRARIES = sorted((USERDATA / "lib").iterdir())


def name_of(path: Path) -> str:
    return str(path.relative_to(USERDATA))


@pytest.mark.parametrize("script", [*EXECUTABLES, *LIBRARIES], ids=name_of)
def test_bash_can_read_the_script(script: Path) -> None:
    done = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_shellcheck_finds_nothing() -> None:
    argv = [SHELLCHECK, *EXECUTABLES, *LIBRARIES]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=USERDATA)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", EXECUTABLES, ids=name_of)
def test_every_executable_is_strict_and_begins_with_its_purpose(script: Path) -> None:
    first, second, *rest = script.read_text().splitlines()
    assert os.access(script, os.X_OK)
    assert first == "#!/usr/bin/env bash"
    assert second.startswith("# ")
    assert "set -euo pipefail" in rest


def test_the_stub_leaves_room_in_the_user_data() -> None:
    size = sum((USERDATA / name).stat().st_size for name in ("bootstrap", "tools/aws-api"))
    assert size < LARGEST_STUB_BYTES


def test_configuration_files_hold_no_placeholders() -> None:
    placeholder = re.compile(r"\{\{|\$\{|<%|@[A-Z_]+@|__[A-Z]+__")
    files = [path for path in (USERDATA / "etc").rglob("*") if path.is_file()]
    assert [name_of(path) for path in files if placeholder.search(path.read_text())] == []


def test_every_program_of_a_unit_exists() -> None:
    units = "\n".join(unit.read_text() for unit in (USERDATA / "etc/systemd/system").rglob("*.service"))
    named = set(re.findall(r"/opt/registry/(\S+)", units))
    assert named
    assert {name for name in named if not (USERDATA / name).is_file()} == set()


def test_only_install_knows_distributions() -> None:
    knowing = re.compile(r"\b(apt|apt-get|apt-cache|dpkg|dpkg-query|os-release)\b")
    found = {name_of(path) for path in EXECUTABLES if knowing.search(path.read_text())}
    assert found == {"install"}


def test_certbot_and_all_it_needs_are_pinned_with_hashes() -> None:
    text = (USERDATA / "requirements-certbot.txt").read_text()
    pins = re.findall(r"^([a-z0-9-]+)==\S+", text, re.MULTILINE)
    assert {"certbot", "acme", "cryptography", "requests"} <= set(pins)
    for requirement in re.split(r"\n(?=[a-z])", text.strip()):
        assert "--hash=sha256:" in requirement, requirement
