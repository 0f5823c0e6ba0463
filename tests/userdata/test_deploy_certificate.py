"""`deploy-certificate`: a new certificate that clients would not trust replaces none that they do."""

from pathlib import Path

import pytest

from tests.support.relocated_host import RelocatedHost
from tests.userdata.conftest import Relocate

FILES = ("cert", "fullchain", "privkey")


@pytest.fixture
def host(relocate: Relocate) -> RelocatedHost:
    return relocate("steps/use-certificate", "steps/save-certificate")


def issue(host: RelocatedHost, number: int) -> Path:
    """As certbot leaves its certificate of this number; returns it."""
    made, folder = f"made-{number}", host.root / "etc/letsencrypt"
    host.have_certificate(folder=made)
    for kind in FILES:
        text = (host.root / f"{made}/live/registry/{kind}.pem").read_text()
        host.write(f"etc/letsencrypt/archive/registry/{kind}{number}.pem", text)
        link = folder / f"live/registry/{kind}.pem"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(f"../../archive/registry/{kind}{number}.pem")
    return folder / f"archive/registry/cert{number}.pem"


def trust(host: RelocatedHost, monkeypatch: pytest.MonkeyPatch, certificate: Path | None) -> None:
    """This one alone."""
    bundle = host.write("bundle.pem", certificate.read_text() if certificate else "")
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))


def live(host: RelocatedHost) -> set[str]:
    folder = host.root / "etc/letsencrypt/live/registry"
    return {(folder / f"{kind}.pem").resolve().name for kind in FILES}


def test_a_trusted_certificate_is_used_and_saved(host: RelocatedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    issue(host, 1)
    trust(host, monkeypatch, issue(host, 2))
    assert host.run("steps/deploy-certificate").returncode == 0
    assert [call.strip() for call in host.calls()] == ["use-certificate", "save-certificate"]


# After a renewal with a full disk a number is left out.
@pytest.mark.parametrize("number", [2, 3])
def test_a_wrong_chain_leaves_the_trusted_certificate_in_place(
    host: RelocatedHost, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    trust(host, monkeypatch, issue(host, 1))
    issue(host, number)
    done = host.run("steps/deploy-certificate")
    assert done.returncode == 1
    assert done.stderr == (
        "clients would not trust the new certificate (self-signed certificate), so the one before stays\n"
    )
    assert (live(host), host.calls()) == ({f"{kind}1.pem" for kind in FILES}, [])
    # The next one replaces it.
    trust(host, monkeypatch, issue(host, number))
    assert host.run("steps/deploy-certificate").returncode == 0


def test_an_untrusted_certificate_replaces_another(host: RelocatedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a staging or private authority."""
    trust(host, monkeypatch, None)
    for number in (1, 2):
        issue(host, number)
        assert host.run("steps/deploy-certificate").returncode == 0
        assert live(host) == {f"{kind}{number}.pem" for kind in FILES}
