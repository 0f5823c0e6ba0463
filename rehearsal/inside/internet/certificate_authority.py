"""The certificate authority behind every stand-in's real name, made anew for each rehearsal."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from rehearsal.certificates import begin, common_name, issue

LIFETIME = timedelta(days=7)
NAME = common_name("Rehearsal of the internet")
# RFC 5280 wants this of an authority's own certificate; Python's strict verification insists.
USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)
MAY_SIGN = x509.KeyUsage(**{usage: usage in ("key_cert_sign", "crl_sign") for usage in USAGES})


class CertificateAuthority:
    """``certificate`` is the file that its clients must trust; the key stays in this process."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._starts = datetime.now(UTC) - timedelta(minutes=5)
        self.certificate = folder / "authority.pem"
        public_key = self._key.public_key()
        signed = (
            begin(NAME, NAME, public_key, self._starts, LIFETIME)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(MAY_SIGN, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, dns_names: tuple[str, ...]) -> tuple[Path, Path]:
        """A server certificate for the DNS names; returns its file and its key's."""
        key = ec.generate_private_key(ec.SECP256R1())
        signed = issue(
            dns_names, key.public_key(), issuer=NAME, issuer_key=self._key, starts=self._starts, lifetime=LIFETIME
        )
        certificate_file, key_file = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate_file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        key_file.touch(mode=0o600)
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        key_file.write_bytes(key.private_bytes(*form))
        return certificate_file, key_file
