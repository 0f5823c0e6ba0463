"""The saved certificate, as the measurement of deaths reads it."""

import subprocess
import tarfile
from pathlib import Path

import pytest

from bench.deaths.saved import serial_in
from rehearsal.faults.fault import FaultError
from tests.support.relocated_host import RelocatedHost

KEY = "etc/letsencrypt/live/registry/privkey.pem"


@pytest.fixture
def host(tmp_path: Path) -> RelocatedHost:
    host = RelocatedHost(tmp_path)
    host.front_door.close()
    host.have_certificate()
    return host


def saved(host: RelocatedHost) -> bytes:
    path = host.root / "saved.tar.gz"
    with tarfile.open(path, "w:gz") as file:
        file.add(host.root / "etc/letsencrypt", ".")
    return path.read_bytes()


def test_the_serial_is_the_one_that_openssl_prints(host: RelocatedHost) -> None:
    pem = host.root / KEY.replace("privkey", "cert")
    printed = subprocess.check_output(["openssl", "x509", "-noout", "-serial", "-in", pem], text=True)  # noqa: S603, S607
    assert serial_in(saved(host)) == printed.strip().partition("=")[2]


def test_half_an_archive_is_damaged(host: RelocatedHost) -> None:
    whole = saved(host)
    with pytest.raises(FaultError, match="damaged"):
        serial_in(whole[: len(whole) // 2])


def test_an_archive_without_the_key_is_damaged(host: RelocatedHost) -> None:
    (host.root / KEY).unlink()
    with pytest.raises(FaultError, match="damaged"):
        serial_in(saved(host))


def test_a_key_of_another_certificate_is_named(host: RelocatedHost) -> None:
    host.have_certificate(folder="another")
    (host.root / "another/live/registry/privkey.pem").replace(host.root / KEY)
    with pytest.raises(FaultError, match="belongs to another"):
        serial_in(saved(host))
