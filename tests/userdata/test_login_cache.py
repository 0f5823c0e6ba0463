"""Cached logins at the real front door: how long a login is good that is no longer."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rehearsal.machine.layers import Stack, run_in
from rehearsal.machine.root_layers import CHROOT_ENVIRONMENT
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.golden_root import golden

USERDATA = Path(__file__).resolve().parents[2] / "userdata"
INSIDE = Path(__file__).with_name("at_the_door.py")
LET_IN, REFUSED = 503, 401


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    workplace = Workplace.of_this_machine()
    if os.geteuid() != 0:
        pytest.skip("the front door's real nginx needs root, to enter the rehearsal's Debian root")
    if not any((workplace.cache / "roots").glob("base-*")):
        pytest.skip("the front door's real nginx needs the rehearsal's Debian root: run `make rehearse` once")
    root = golden(workplace, lambda _: None)
    if not root.layers[0].is_dir():
        pytest.skip("the front door's real nginx needs what a rehearsal installed: run `make rehearse` once")
    folder = tmp_path_factory.mktemp("door")
    upper = folder / "upper"
    shutil.copytree(USERDATA / "etc", upper / "etc")
    shutil.copytree(USERDATA, upper / "opt/registry")
    (upper / "srv").mkdir()
    shutil.copy(INSIDE, upper / "srv")
    certificate = upper / "etc/registry/tls"
    certificate.mkdir(parents=True)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-subj", "/CN=placeholder",
         "-keyout", certificate / "privkey.pem", "-out", certificate / "fullchain.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    for name in ("work", "at"):
        (folder / name).mkdir()
    layers = tuple(str(layer) for layer in root.layers)
    stack = Stack(layers=layers, upper=str(upper), work=str(folder / "work"), at=str(folder / "at"))
    inside = ["unshare", "--net", "python3", f"/srv/{INSIDE.name}"]
    done = run_in(stack, inside, CHROOT_ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_a_login_that_was_checked_is_good_while_nobody_can_check_it(seen: Mapping[str, Any]) -> None:
    assert seen["let in"] == [LET_IN, LET_IN]
    assert seen["cached, nobody checks"] == [LET_IN, LET_IN]


def test_nobody_is_checked_anew_because_somebody_else_was_added(seen: Mapping[str, Any]) -> None:
    assert seen["another was added, nobody checks"] == [LET_IN]


def test_an_old_password_is_out_with_the_sync_and_not_when_its_cached_login_ends(
    seen: Mapping[str, Any],
) -> None:
    assert seen["changed"] == [REFUSED, REFUSED, LET_IN]


def test_so_is_a_revoked_user_until_he_is_back(seen: Mapping[str, Any]) -> None:
    assert seen["revoked"] == [REFUSED, REFUSED]
    assert seen["back"] == [LET_IN]


def test_nginx_finds_what_its_keys_are_made_of(seen: Mapping[str, Any]) -> None:
    assert seen["critical"] == []
