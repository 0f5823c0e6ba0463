"""What can be wrong with the certificate, and one made by the world's own authority in place of the host's."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from rehearsal.certificates import common_name, issue
from rehearsal.contract import product
from rehearsal.contract.world_network import ACME_MANAGEMENT, ACME_PORT
from rehearsal.faults.fault import Fault, FaultError, Target, in_world, on_newest_host
from rehearsal.faults.reachability import drop, let_through
from rehearsal.outside.world import World

FILES = ("cert.pem", "chain.pem", "fullchain.pem")
KEPT = "/var/lib/certificate-before-fault"
LIFETIME = timedelta(days=90)
# The rule of the packet filter for it.
AUTHORITY_IS_DOWN = f"tcp dport {ACME_PORT} reject with tcp reset"


def put(
    world: World, *, age_days: float, name: str | None = None, self_signed: bool = False, served: bool = True
) -> dict[str, str]:
    """Put a certificate of another age, name or signer in place, as time would have brought it about. It is on the
    host's disk and in the state bucket; unless ``served``, nginx was not reloaded. Returns what take_back() needs.
    There is room for one."""
    target = Target.newest(world)
    refuse_second(target)
    target.do("cp", "--archive", product.ACME_FOLDER, KEPT)
    key = serialization.load_pem_private_key(target.read(f"{product.CERTIFICATE}/privkey.pem").encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise TypeError(f"the certificate's key is a {type(key).__name__}")
    issuer, issuer_key = _authority(world)
    certificate = issue(
        (name or world.domain,),
        key.public_key(),
        issuer=common_name("unknown authority") if self_signed else issuer.subject,
        issuer_key=key if self_signed else issuer_key,
        starts=datetime.now(UTC) - timedelta(days=age_days),
        lifetime=LIFETIME,
    )
    leaf, chain = _pem(certificate), _pem(issuer)
    for file, content in zip(FILES, (leaf, chain, leaf + chain), strict=True):
        target.write(f"{product.CERTIFICATE}/{file}", content)
    if served:
        use(target)
    _save(target)
    return {"host": target.host.id, "leaf": leaf}


def take_back(world: World, remembered: Mapping[str, str]) -> None:
    """Restore the certificate of before, unless it has been replaced meanwhile."""
    target = Target.named(world, remembered["host"])
    if target is None:
        return
    if target.read(f"{product.CERTIFICATE}/cert.pem") == remembered["leaf"]:
        target.do("rm", "--recursive", "--force", product.ACME_FOLDER)
        target.do("cp", "--archive", KEPT, product.ACME_FOLDER)
        use(target)
        _save(target)
    target.do("rm", "--recursive", "--force", KEPT)


def refuse_second(target: Target) -> None:
    if target.try_to("test", "-e", KEPT):
        raise FaultError("another fault has put a certificate in place already")


def use(target: Target, folder: str = product.CERTIFICATE) -> None:
    """Have nginx serve the certificate in the folder. An nginx that is broken too takes it when it is mended."""
    target.do("ln", "--symbolic", "--force", "--no-dereference", folder, product.SERVED_CERTIFICATE)
    target.try_to("systemctl", "reload", product.NGINX)


def _save(target: Target) -> None:
    """The host would take a newer one from the state bucket, and saves none over it: as time would have it, there is
    none. It cannot save while S3 is out of reach."""
    key = product.saved_certificate(target.world.domain)
    target.world.aws("s3").delete_object(Bucket=target.setting(product.STATE_BUCKET), Key=key)
    target.try_to(product.SAVE_CERTIFICATE)


def _authority(world: World) -> tuple[x509.Certificate, Any]:
    """The certificate and key with which the ACME stand-in signs."""
    certificate, key = (
        in_world(world, "curl", "--silent", "--fail", "--insecure", f"{ACME_MANAGEMENT}/{path}/0").encode()
        for path in ("intermediates", "intermediate-keys")
    )
    return x509.load_pem_x509_certificate(certificate), serialization.load_pem_private_key(key, None)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def replaced(what: str, *, authority_down: bool = False, **certificate: Any) -> Fault:
    """Another certificate is in place (see put()). ``authority_down``: it cannot be renewed."""

    def begin(world: World) -> Any:
        if authority_down:
            drop(world, AUTHORITY_IS_DOWN, "output")
        return put(world, **certificate)

    def end(world: World, remembered: Any) -> None:
        if authority_down:
            let_through(world, "output")
        take_back(world, remembered)

    return Fault(what, begin, end)


def _lose(target: Target) -> None:
    """As on a host that never got one: it serves its placeholder."""
    refuse_second(target)
    target.do("mv", product.ACME_FOLDER, KEPT)
    use(target, product.PLACEHOLDER_CERTIFICATE)


def _find(target: Target) -> None:
    target.do("rm", "--recursive", "--force", product.ACME_FOLDER)
    target.do("mv", KEPT, product.ACME_FOLDER)
    use(target)


FAULTS: Mapping[str, Fault] = {
    "certificate-missing": on_newest_host("the host has no certificate, and serves its placeholder", _lose, _find),
    "certificate-expired": replaced(
        "the certificate is 91 of its 90 days old, and the authority is down", age_days=91, authority_down=True
    ),
    "certificate-expiring": replaced(
        "the certificate is 74 of its 90 days old, and the authority is down", age_days=74, authority_down=True
    ),
    "certificate-wrong-name": replaced("the certificate is for another name", age_days=1, name="other.example.com"),
    "certificate-untrusted": replaced(
        "the certificate is signed by an unknown authority", age_days=1, self_signed=True
    ),
    "certificate-not-served": replaced(
        "a new certificate is on disk, and nginx was not reloaded", age_days=0.1, served=False
    ),
}
