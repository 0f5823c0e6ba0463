"""Checks AWS Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote, urlsplit

SKEW = timedelta(minutes=15)
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request,\s*"
    r"SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class Signature:
    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    value: str


def read(environ: Mapping[str, Any]) -> Signature | None:
    """None when the request carries no Signature Version 4 header."""
    found = _AUTHORIZATION.match(environ.get("HTTP_AUTHORIZATION", ""))
    if not found:
        return None
    key, date, region, service, names, value = found.groups()
    return Signature(key, date, region, service, tuple(names.split(";")), value)


def signed_at(environ: Mapping[str, Any]) -> datetime | None:
    try:
        moment = datetime.strptime(environ.get("HTTP_X_AMZ_DATE", ""), "%Y%m%dT%H%M%SZ")
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC)


def is_current(environ: Mapping[str, Any], now: datetime) -> bool:
    moment = signed_at(environ)
    return moment is not None and abs(now - moment) <= SKEW


def is_right(environ: Mapping[str, Any], signature: Signature, secret: str, body_sha256: str) -> bool:
    return hmac.compare_digest(_signature(environ, signature, secret, body_sha256), signature.value)


def _signature(environ: Mapping[str, Any], signature: Signature, secret: str, body_sha256: str) -> str:
    scope = f"{signature.date}/{signature.region}/{signature.service}/aws4_request"
    request = hashlib.sha256(_canonical_request(environ, signature, body_sha256).encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{environ.get('HTTP_X_AMZ_DATE', '')}\n{scope}\n{request}"
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def _canonical_request(environ: Mapping[str, Any], signature: Signature, body_sha256: str) -> str:
    target = urlsplit(environ["RAW_URI"])
    # Every service but S3 escapes the path that was sent once more.
    path = target.path or "/"
    path = path if signature.service == "s3" else quote(path, safe="/-_.~")
    pairs = (pair.partition("=") for pair in target.query.split("&") if pair)
    query = "&".join(sorted(f"{_escaped(name)}={_escaped(value)}" for name, _, value in pairs))
    headers = "".join(f"{name}:{_header(environ, name)}\n" for name in signature.signed_headers)
    names = ";".join(signature.signed_headers)
    return "\n".join((environ["REQUEST_METHOD"], path, query, headers, names, body_sha256))


def _escaped(part: str) -> str:
    return quote(unquote(part), safe="-_.~")


def _header(environ: Mapping[str, Any], name: str) -> str:
    variable = name.upper().replace("-", "_")
    prefix = "" if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_"
    return " ".join(str(environ.get(prefix + variable, "")).split())
