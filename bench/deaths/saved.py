"""The host's certificate as the state bucket holds it, in all its versions."""

import io
import tarfile
from pathlib import PurePosixPath

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from rehearsal.contract import product
from rehearsal.faults.fault import FaultError, Target
from rehearsal.outside.world import World

LIVE = PurePosixPath(product.CERTIFICATE).relative_to(product.ACME_FOLDER)


def versions(world: World) -> list[str]:
    """Their ids, the newest first."""
    found = world.aws("s3").list_object_versions(Bucket=_bucket(world), Prefix=product.saved_certificate(world.domain))
    return [each["VersionId"] for each in found.get("Versions", [])]


def serial_of(world: World, version: str) -> str:
    """Of the certificate in a version. Raises FaultError: see serial_in()."""
    key = product.saved_certificate(world.domain)
    return serial_in(world.aws("s3").get_object(Bucket=_bucket(world), Key=key, VersionId=version)["Body"].read())


def cut_in_half(world: World) -> None:
    """As one that was written half."""
    s3, where = world.aws("s3"), {"Bucket": _bucket(world), "Key": product.saved_certificate(world.domain)}
    whole = s3.get_object(**where)["Body"].read()
    s3.put_object(**where, Body=whole[: len(whole) // 2])


def serial_in(archive: bytes) -> str:
    """As openssl prints it. Raises FaultError: the archive does not hold a whole certificate with its key."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            chain, key = (_read(files, f"./{LIVE}/{name}") for name in ("fullchain.pem", "privkey.pem"))
        certificate, private = x509.load_pem_x509_certificates(chain)[0], load_pem_private_key(key, None)
    except (tarfile.TarError, EOFError, KeyError, ValueError) as error:
        raise FaultError(f"the saved certificate is damaged: {error!r}") from error
    if private.public_key() != certificate.public_key():
        raise FaultError("the key of the saved certificate belongs to another one")
    number = certificate.serial_number
    return number.to_bytes((number.bit_length() + 7) // 8).hex().upper()


def _read(files: tarfile.TarFile, name: str) -> bytes:
    file = files.extractfile(name)
    if file is None:
        raise ValueError(f"{name} is no file")
    return file.read()


def _bucket(world: World) -> str:
    return Target.newest(world).setting(product.STATE_BUCKET)
