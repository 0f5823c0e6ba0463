"""The server takes a signature only for exactly the request that was signed."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from rehearsal.cloud.iam import signature

KEY = Credentials("AKIAEXAMPLE", "secret")
BODY = b"Action=GetCallerIdentity"
URL = "http://aws.example/images/a%20b//c?list-type=2&prefix=x%2Fy"


def environ(request: AWSRequest) -> dict[str, Any]:
    """The signed request as the server gets it."""
    url = urlsplit(str(request.url))
    headers = {"host": url.netloc, **{name.lower(): value for name, value in request.headers.items()}}
    variables = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    raw = url.path + (f"?{url.query}" if url.query else "")
    return {"REQUEST_METHOD": request.method, "RAW_URI": raw, "QUERY_STRING": url.query, **variables}


def signed(signer: SigV4Auth, **headers: str) -> dict[str, Any]:
    request = AWSRequest("GET", URL, headers=headers, data=BODY if type(signer) is SigV4Auth else b"")
    signer.add_auth(request)
    return environ(request)


def is_right(seen: dict[str, Any], *, secret: str = "secret", body: bytes = BODY) -> bool:  # noqa: S107
    found = signature.read(seen)
    assert found
    return signature.is_right(seen, found, secret, body)


SIGNERS = {
    "header": SigV4Auth(KEY, "sts", "us-east-1"),
    "S3 header": S3SigV4Auth(KEY, "s3", "us-east-1"),
    "S3 presigned": S3SigV4QueryAuth(KEY, "s3", "us-east-1"),
}


@pytest.mark.parametrize("signer", SIGNERS.values(), ids=SIGNERS)
def test_a_signed_request_is_right_and_a_changed_one_is_not(signer: SigV4Auth) -> None:
    seen = signed(signer, **{"X-Amz-Meta-Colour": "blue  green"})
    assert is_right(seen)
    assert not is_right(seen, secret="other")  # noqa: S106
    assert not is_right({**seen, "REQUEST_METHOD": "PUT"})
    assert not is_right({**seen, "RAW_URI": seen["RAW_URI"].replace("a%20b", "a")})
    assert not is_right({**seen, "HTTP_X_AMZ_META_COLOUR": "red"})


def test_a_header_that_was_not_signed_may_change() -> None:
    seen = signed(SIGNERS["header"])
    assert is_right({**seen, "HTTP_USER_AGENT": "another"})


def test_a_changed_body_is_refused() -> None:
    assert not is_right(signed(SIGNERS["header"]), body=b"Action=DeleteEverything")


def test_a_client_may_sign_headers_that_botocore_never_signs() -> None:
    class Signer(SigV4Auth):
        def headers_to_sign(self, request: AWSRequest) -> Any:
            headers = super().headers_to_sign(request)
            headers["user-agent"] = request.headers["User-Agent"]
            return headers

    seen = signed(Signer(KEY, "sts", "us-east-1"), **{"User-Agent": "aws-sdk-go"})
    assert is_right(seen, body=b"")
    assert not is_right({**seen, "HTTP_USER_AGENT": "another"}, body=b"")
