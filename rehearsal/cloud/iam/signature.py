"""Checks AWS Signature Version 4, in the header or, presigned, in the query.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

SKEW = timedelta(minutes=15)
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request,\s*"
    r"SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class Signature:
    """valid_for is of a presigned URL; any other request has to arrive within SKEW of when it was signed."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    value: str
    signed_at: str
    session_token: str | None
    valid_for: timedelta | None

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def read(environ: Mapping[str, Any]) -> Signature | None:
    """None when the request carries no Signature Version 4."""
    found = _AUTHORIZATION.match(environ.get("HTTP_AUTHORIZATION", ""))
    if found:
        key, date, region, service, names, value = found.groups()
        return Signature(
            access_key_id=key,
            date=date,
            region=region,
            service=service,
            signed_headers=tuple(names.split(";")),
            value=value,
            signed_at=environ.get("HTTP_X_AMZ_DATE", ""),
            session_token=environ.get("HTTP_X_AMZ_SECURITY_TOKEN"),
            valid_for=None,
        )
    query = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
    credential = query.get("X-Amz-Credential", "").split("/")
    if query.get("X-Amz-Algorithm") != "AWS4-HMAC-SHA256" or credential[-1] != "aws4_request":
        return None
    return Signature(
        access_key_id=credential[0],
        date=credential[1],
        region=credential[2],
        service=credential[3],
        signed_headers=tuple(query.get("X-Amz-SignedHeaders", "").split(";")),
        value=query.get("X-Amz-Signature", ""),
        signed_at=query.get("X-Amz-Date", ""),
        session_token=query.get("X-Amz-Security-Token"),
        valid_for=timedelta(seconds=int(query.get("X-Amz-Expires", "0"))),
    )


def is_current(signature: Signature, now: datetime) -> bool:
    try:
        signed_at = datetime.strptime(signature.signed_at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    until = SKEW if signature.valid_for is None else signature.valid_for
    return signed_at - SKEW <= now <= signed_at + until


def is_right(environ: Mapping[str, Any], signature: Signature, secret: str, body_sha256: str) -> bool:
    request = hashlib.sha256(_canonical_request(environ, signature, body_sha256).encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{signature.signed_at}\n{signature.scope}\n{request}"
    key = f"AWS4{secret}".encode()
    for part in signature.scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.compare_digest(hmac.digest(key, to_sign.encode(), "sha256").hex(), signature.value)


def _canonical_request(environ: Mapping[str, Any], signature: Signature, body_sha256: str) -> str:
    target = urlsplit(environ["RAW_URI"])
    # Every service but S3 escapes the path that was sent once more.
    path = target.path or "/"
    path = path if signature.service == "s3" else quote(path, safe="/-_.~")
    pairs = [pair.partition("=") for pair in target.query.split("&") if pair]
    query = "&".join(
        sorted(f"{_escaped(name)}={_escaped(value)}" for name, _, value in pairs if name != "X-Amz-Signature")
    )
    headers = "".join(f"{name}:{_header(environ, name)}\n" for name in signature.signed_headers)
    names = ";".join(signature.signed_headers)
    return "\n".join((environ["REQUEST_METHOD"], path, query, headers, names, body_sha256))


def _escaped(part: str) -> str:
    return quote(unquote(part), safe="-_.~")


def _header(environ: Mapping[str, Any], name: str) -> str:
    variable = name.upper().replace("-", "_")
    prefix = "" if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_"
    return " ".join(str(environ.get(prefix + variable, "")).split())
