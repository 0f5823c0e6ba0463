"""What can be wrong with the certificate: made by the world's own authority, put in its place."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rehearsal.faults.fault import (
    Fault,
    FaultError,
    do,
    host_named,
    in_world,
    newest_host,
    on_newest_host,
    read_file,
    write_file,
)
from rehearsal.faults.network import drop, let_through
from rehearsal.outside.world import HostView, World

LIVE = "/etc/letsencrypt/live/registry"
PLACEHOLDER = "/etc/registry/placeholder"
FILES = ("cert.pem", "chain.pem", "fullchain.pem")
KEPT = "/var/lib/certificate-before-fault"
LIFETIME_DAYS = 90
# The ACME stand-in's own port, behind the world's front door.
CERTIFICATE_AUTHORITY = "tcp dport 14000 reject with tcp reset"
MANAGEMENT = "https://127.0.0.1:15000"


def replaced(
    what: str, *, age_days: float, name: str | None = None, self_signed: bool = False, served: bool = True,
    authority_down: bool = False,
) -> Fault:  # fmt: skip
    """A certificate of another age, name or signer on the host's disk, and in the state bucket, as time would
    have brought it about. Not ``served``: nginx was not reloaded. ``authority_down``: nor can it be renewed.
    """

    def begin(world: World) -> Any:
        if authority_down:
            drop(world, CERTIFICATE_AUTHORITY, "output")
        return put(world, age_days=age_days, name=name, self_signed=self_signed, served=served)

    def end(world: World, remembered: Any) -> None:
        if authority_down:
            let_through(world, "output")
        take_back(world, remembered)

    return Fault(what, begin, end)


def put(
    world: World, *, age_days: float, name: str | None = None, self_signed: bool = False, served: bool = True
) -> dict[str, str]:
    """Put such a certificate in place; returns what take_back() needs. There is place for one."""
    host = newest_host(world)
    _refuse_second(world, host)
    do(world, host, "cp", "--archive", "/etc/letsencrypt", KEPT)
    key = serialization.load_pem_private_key(read_file(world, host, f"{LIVE}/privkey.pem").encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise TypeError(f"the certificate's key is a {type(key).__name__}")
    issuer, issuer_key = _authority(world)
    nobody = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody known")])
    certificate = _certificate(
        name or world.domain, key.public_key(),
        nobody if self_signed else issuer.subject,
        key if self_signed else issuer_key, age_days,
    )  # fmt: skip
    leaf, chain = _pem(certificate), _pem(issuer)
    for file, content in zip(FILES, (leaf, chain, leaf + chain), strict=True):
        write_file(world, host, f"{LIVE}/{file}", content)
    if served:
        _use(world, host)
    _save(world, host)
    return {"host": host.id, "leaf": leaf}


def take_back(world: World, remembered: Mapping[str, str]) -> None:
    """As it was before, unless somebody has cured it meanwhile."""
    host = host_named(world, remembered["host"])
    if host is None:
        return
    if read_file(world, host, f"{LIVE}/cert.pem") == remembered["leaf"]:
        do(world, host, "rm", "--recursive", "--force", "/etc/letsencrypt")
        do(world, host, "cp", "--archive", KEPT, "/etc/letsencrypt")
        _use(world, host)
        _save(world, host)
    do(world, host, "rm", "--recursive", "--force", KEPT)


def _refuse_second(world: World, host: HostView) -> None:
    if world.run_on_host(host, "test", "-e", KEPT).returncode == 0:
        raise FaultError("another fault has put a certificate in place already")


def _use(world: World, host: HostView, folder: str = LIVE) -> None:
    """An nginx that is broken besides takes it when it is mended."""
    do(world, host, "ln", "--symbolic", "--force", "--no-dereference", folder, "/etc/registry/tls")
    world.run_on_host(host, "systemctl", "reload", "nginx.service")


def _save(world: World, host: HostView) -> None:
    """As old everywhere: the host would take a better one from there. It cannot while S3 is out of reach."""
    world.run_on_host(host, "/opt/registry/steps/save-certificate")


def _lose(world: World, host: HostView) -> None:
    """As on a host that never got one: it serves its placeholder."""
    _refuse_second(world, host)
    do(world, host, "mv", "/etc/letsencrypt", KEPT)
    _use(world, host, PLACEHOLDER)


def _find(world: World, host: HostView) -> None:
    do(world, host, "rm", "--recursive", "--force", "/etc/letsencrypt")
    do(world, host, "mv", KEPT, "/etc/letsencrypt")
    _use(world, host)


def _authority(world: World) -> tuple[x509.Certificate, Any]:
    """The certificate and key with which the ACME stand-in signs."""
    certificate, key = (
        in_world(world, "curl", "--silent", "--fail", "--insecure", f"{MANAGEMENT}/{path}/0").encode()
        for path in ("intermediates", "intermediate-keys")
    )
    return x509.load_pem_x509_certificate(certificate), serialization.load_pem_private_key(key, None)


def _certificate(
    name: str, public_key: Any, issuer: x509.Name, issuer_key: Any, age_days: float
) -> x509.Certificate:
    starts = datetime.now(UTC) - timedelta(days=age_days)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(starts)
        .not_valid_after(starts + timedelta(days=LIFETIME_DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
        .sign(issuer_key, hashes.SHA256())
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


FAULTS: Mapping[str, Fault] = {
    "certificate-missing": on_newest_host(
        "the host has no certificate, and serves its placeholder", _lose, _find
    ),
    "certificate-expired": replaced(
        "the certificate is 91 of its 90 days old, and the authority is down",
        age_days=91,
        authority_down=True,
    ),
    "certificate-expiring": replaced(
        "the certificate is 74 of its 90 days old, and the authority is down",
        age_days=74,
        authority_down=True,
    ),
    "certificate-wrong-name": replaced(
        "the certificate is for another name", age_days=1, name="other.example.com"
    ),
    "certificate-untrusted": replaced(
        "the certificate is signed by nobody known", age_days=1, self_signed=True
    ),
    "certificate-not-served": replaced(
        "a new certificate is on disk, and nginx was not reloaded", age_days=0.1, served=False
    ),
}
