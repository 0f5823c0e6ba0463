"""`configure`: what it writes from the host's settings."""

import pytest

from rehearsal.contract.product import BROWSER_ORIGINS
from tests.userdata.conftest import Relocate


@pytest.mark.parametrize(
    ("setting", "lines"),
    [
        ("", ""),
        (
            "https://ui.example.com,http://localhost:8080",
            "https://ui.example.com https://ui.example.com;\nhttp://localhost:8080 http://localhost:8080;\n",
        ),
    ],
)
def test_the_allowed_pages_are_lines_of_the_front_doors_map(relocate: Relocate, setting: str, lines: str) -> None:
    host = relocate()
    file = host.root / "etc/registry/host.env"
    file.write_text(file.read_text().replace("BROWSER_ORIGINS=\n", f"BROWSER_ORIGINS={setting}\n"))
    host.stand_in("id", "exit 0")
    done = host.run("configure")
    assert (host.root / BROWSER_ORIGINS.lstrip("/")).read_text() == lines, done.stderr
