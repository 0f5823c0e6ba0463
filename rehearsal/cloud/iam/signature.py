"""Checks AWS Signature Version 4, in the header or, presigned, in the query. botocore computes it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

SKEW = timedelta(minutes=15)
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<credential>[^,]+)/aws4_request,\s*"
    r"SignedHeaders=(?P<headers>[^,]+),\s*Signature=(?P<value>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class Signature:
    """valid_for is of a presigned URL; any other request has to arrive within SKEW of when it was signed."""

    access_key_id: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    value: str
    signed_at: str
    session_token: str | None
    valid_for: timedelta | None


def read(environ: Mapping[str, Any]) -> Signature | None:
    """None when the request carries no Signature Version 4."""
    if found := _AUTHORIZATION.match(environ.get("HTTP_AUTHORIZATION", "")):
        credential, headers, value = found["credential"], found["headers"], found["value"]
        signed_at = environ.get("HTTP_X_AMZ_DATE", "")
        token, valid_for = environ.get("HTTP_X_AMZ_SECURITY_TOKEN"), None
    else:
        query = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        credential, end, _ = query.get("X-Amz-Credential", "").rpartition("/aws4_request")
        if query.get("X-Amz-Algorithm") != "AWS4-HMAC-SHA256" or not end:
            return None
        headers, value = query.get("X-Amz-SignedHeaders", ""), query.get("X-Amz-Signature", "")
        signed_at, token = query.get("X-Amz-Date", ""), query.get("X-Amz-Security-Token")
        valid_for = timedelta(seconds=int(query.get("X-Amz-Expires", "0")))
    if credential.count("/") != 3:
        return None
    key, _day, region, service = credential.split("/")
    names = tuple(headers.split(";"))
    return Signature(key, region, service, names, value, signed_at, token, valid_for)


def is_current(signature: Signature, now: datetime) -> bool:
    try:
        signed_at = datetime.strptime(signature.signed_at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    until = SKEW if signature.valid_for is None else signature.valid_for
    return signed_at - SKEW <= now <= signed_at + until


def is_right(environ: Mapping[str, Any], signature: Signature, secret: str, body: bytes) -> bool:
    """``body`` is empty for S3: its clients sign the hash that they send in a header."""
    path, _, query = environ["RAW_URI"].partition("?")
    pairs = [pair for pair in query.split("&") if not pair.startswith("X-Amz-Signature=")]
    request = AWSRequest(
        method=environ["REQUEST_METHOD"],
        url=f"http://{environ['HTTP_HOST']}{path}?{'&'.join(pairs)}",
        headers={name: _header(environ, name) for name in signature.signed_headers},
        data=body,
    )
    request.context["timestamp"] = signature.signed_at
    signer: Any = _signer(signature)(Credentials(signature.access_key_id, secret), signature.service, signature.region)
    # botocore's signers choose the headers to sign; of a received request, its client has chosen them.
    signer.headers_to_sign = lambda received: received.headers
    expected = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    return hmac.compare_digest(expected, signature.value)


def _signer(signature: Signature) -> type[SigV4Auth]:
    if signature.valid_for is not None:
        return S3SigV4QueryAuth
    return S3SigV4Auth if signature.service == "s3" else SigV4Auth


def _header(environ: Mapping[str, Any], name: str) -> str:
    variable = name.upper().replace("-", "_")
    prefix = "" if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_"
    return str(environ.get(prefix + variable, ""))
