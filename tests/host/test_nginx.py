"""The front door's and the login check's real files, read by the nginx of the rehearsal's Debian root."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from rehearsal import roots
from rehearsal.layers import Stack, run_in
from rehearsal.roots import CHROOT_ENVIRONMENT, Root
from rehearsal.workplace import Workplace

USERDATA = Path(__file__).resolve().parents[2] / "userdata"


@pytest.fixture(scope="module")
def debian() -> Root:
    workplace = Workplace.of_this_machine()
    if os.geteuid() != 0:
        pytest.skip("nginx -t on the real files needs root, to enter the rehearsal's Debian root")
    if not any((workplace.cache / "roots").glob("internet-*")):
        pytest.skip("nginx -t on the real files needs the rehearsal's Debian root: run `make rehearse` once")
    return roots.internet(workplace, lambda _: None)


@pytest.mark.parametrize("file", ["nginx.conf", "auth.conf"])
def test_nginx_accepts_the_file_without_a_warning(debian: Root, file: str, tmp_path: Path) -> None:
    upper = tmp_path / "upper"
    shutil.copytree(USERDATA / "etc/nginx", upper / "etc/nginx")
    certificate = upper / "etc/registry/tls"
    certificate.mkdir(parents=True)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-subj", "/CN=placeholder",
         "-keyout", certificate / "privkey.pem", "-out", certificate / "fullchain.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    for name in ("work", "at"):
        (tmp_path / name).mkdir()
    stack = Stack(
        layers=tuple(str(layer) for layer in debian.layers),
        upper=str(upper),
        work=str(tmp_path / "work"),
        at=str(tmp_path / "at"),
    )
    test = f"mkdir -p /run/registry-auth && exec nginx -t -e stderr -c /etc/nginx/{file}"
    done = run_in(stack, ["sh", "-c", test], CHROOT_ENVIRONMENT)
    said = done.stderr.splitlines()
    assert done.returncode == 0, done.stderr
    assert [line for line in said if "syntax is ok" not in line and "test is successful" not in line] == []
