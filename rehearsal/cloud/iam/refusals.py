"""The answer to a request that is refused, in the words and the form of its protocol."""

import json
from typing import Any
from xml.sax.saxutils import escape

from moto.core.responses import BaseResponse
from moto.core.utils import get_service_model
from moto.s3.responses import S3Response
from werkzeug.exceptions import HTTPException

# The code of each refusal: in the query protocol, in the JSON protocols, in EC2, in S3.
CODES = {
    "AccessDenied": ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AccessDenied"),
    "ExpiredToken": ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "ExpiredToken"),
    "InvalidAction": ("InvalidAction", "UnknownOperationException", "InvalidAction", "InvalidAction"),
    "KMSAccessDenied": ("KMSAccessDenied", "KMSAccessDeniedException", "AccessDenied", "AccessDenied"),
    "UnknownKey": ("InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "InvalidAccessKeyId"),
    "Unsigned": (
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "MissingAuthenticationToken",
        "AccessDenied",
    ),
    "WrongSignature": ("SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure", "SignatureDoesNotMatch"),
    "WrongToken": ("InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "InvalidToken"),
}
MESSAGES = {
    "ExpiredToken": "The security token included in the request is expired",
    "UnknownKey": "The security token included in the request is invalid.",
    "Unsigned": "Request is missing Authentication Token",
    "WrongToken": "The security token included in the request is invalid.",
}
S3_MESSAGES = {
    "ExpiredToken": "The provided token has expired.",
    "UnknownKey": "The AWS Access Key Id you provided does not exist in our records.",
    "Unsigned": "Access Denied",
    "WrongToken": "The provided token is malformed or otherwise invalid.",
}


class RefusedError(HTTPException):
    def __init__(self, code: int, body: str) -> None:
        super().__init__(description=body)
        self.code = code

    def get_headers(self, *_args: Any, **_kwargs: Any) -> list[tuple[str, str]]:
        return [("Content-Type", "application/xml")]

    def get_body(self, *_args: Any, **_kwargs: Any) -> str:
        return str(self.description)


def refused(response: BaseResponse, refusal: str, message: str = "") -> RefusedError:
    """``refusal`` is a key of CODES; most bring their own message."""
    query_code, json_code, ec2_code, s3_code = CODES[refusal]
    if isinstance(response, S3Response):
        text = escape(message or S3_MESSAGES[refusal])
        error = f"<Code>{s3_code}</Code><Message>{text}</Message><RequestId>rehearsal</RequestId>"
        return RefusedError(403, f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{error}</Error>')
    text = message or MESSAGES[refusal]
    protocol = response.determine_response_protocol(get_service_model(response.boto3_service_name))
    if "json" in protocol:
        response.response_headers["x-amzn-ErrorType"] = json_code
        body = json.dumps({"__type": json_code, "message": text})
        return RefusedError(400 if protocol == "json" else 403, body)
    if protocol == "ec2":
        error = f"<Code>{ec2_code}</Code><Message>{escape(text)}</Message>"
        return RefusedError(403, f"<Response><Errors><Error>{error}</Error></Errors></Response>")
    error = f"<Type>Sender</Type><Code>{query_code}</Code><Message>{escape(text)}</Message>"
    return RefusedError(403, f"<ErrorResponse><Error>{error}</Error></ErrorResponse>")
