"""The world's own view of the machine: its names and its trust."""

import shutil
import subprocess
from pathlib import Path

from rehearsal.machine.workplace import Workplace


def resolve_through(workplace: Workplace, address: str) -> None:
    """From now on every process of the world asks this address for names."""
    (workplace.run / "resolv.conf").write_text(f"nameserver {address}\n")


def trust_in_world(workplace: Workplace, certificate: Path) -> Path:
    """From now on every process of the world trusts this authority, too; returns the bundle.

    The machine's own folder stays as it is: the world sees it under an overlay with two more files.
    """
    store = Path("/etc/ssl/certs")
    bundle = store / "ca-certificates.crt"
    addition = workplace.run / "trust"
    shutil.rmtree(addition, ignore_errors=True)
    addition.mkdir(parents=True)
    (addition / bundle.name).write_text(bundle.read_text().rstrip("\n") + "\n" + certificate.read_text())
    # OpenSSL's own directory of trust looks certificates up by this name; Python and wget read it.
    subject = subprocess.run(
        ["openssl", "x509", "-noout", "-subject_hash", "-in", str(certificate)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    shutil.copyfile(certificate, addition / f"{subject}.0")
    subprocess.run(
        ["mount", "-t", "overlay", "-o", f"ro,lowerdir={addition}:{store}", "overlay", str(store)], check=True
    )
    return bundle
