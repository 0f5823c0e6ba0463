"""Server certificates, as a certificate authority issues them."""

from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def begin(
    subject: x509.Name, issuer: x509.Name, public_key: Any, starts: datetime, lifetime: timedelta
) -> x509.CertificateBuilder:
    """What every certificate says."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(starts)
        .not_valid_after(starts + lifetime)
    )


def issue(
    dns_names: tuple[str, ...],
    public_key: Any,
    *,
    issuer: x509.Name,
    issuer_key: Any,
    starts: datetime,
    lifetime: timedelta,
) -> x509.Certificate:
    """For a server of these names, the first of which is the subject's."""
    alternatives = x509.SubjectAlternativeName(list(map(x509.DNSName, dns_names)))
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        begin(common_name(dns_names[0]), issuer, public_key, starts, lifetime)
        .add_extension(alternatives, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(authority, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
