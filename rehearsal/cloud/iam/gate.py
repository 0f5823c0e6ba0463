"""Authenticates every API call, and authorises it by the caller's policies; refuses in the form of its protocol."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from moto.core.responses import BaseResponse
from moto.core.utils import get_service_model
from moto.s3.responses import S3Response
from werkzeug.exceptions import HTTPException

from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam import identity, signature
from rehearsal.cloud.iam.authority import Authority
from rehearsal.cloud.iam.identity import Caller
from rehearsal.cloud.iam.policy import Decision, Resource
from rehearsal.cloud.iam.request import Ask, Asks, parameters_of
from rehearsal.cloud.s3 import resources as s3

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
# The server notes here that a signature is wrong or late: it alone sees the request as it came.
SIGNATURE_PROBLEM = "rehearsal.signature_problem"
# Always allowed, even when denied (STS API reference).
ALWAYS_ALLOWED = ("sts:GetCallerIdentity",)
# Links in mails have no signature: their tokens prove the right (SNS API reference).
OPEN_TO_EVERYBODY = (("sns", "ConfirmSubscription"), ("sns", "Unsubscribe"))


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


class Gate:
    def __init__(self, scope: Scope, authority: Authority, asks: Mapping[str, Asks]) -> None:
        """``asks`` has each service's, by the service's name in a signature."""
        self._scope = scope
        self._authority = authority
        self._asks = asks

    def check(self, response: BaseResponse) -> None:
        """Raises RefusedError: the request is not let through."""
        operation = response._get_action()
        signed = signature.read(response.normalized_request.environ)
        if signed is None and (response.boto3_service_name, operation) in OPEN_TO_EVERYBODY:
            return
        caller = self._authenticate(response, signed)
        service = signed.service if signed else ""
        if known := self._asks.get(service):
            asks = known(self._scope, operation, parameters_of(response))
        else:
            asks = [Ask(f"{service}:{operation}")]
        self._authorise(response, caller, asks)

    def check_s3(self, response: S3Response, bucket_name: str | None, key_name: str | None) -> None:
        """check(), for a protocol without operations."""
        caller = self._authenticate(response, signature.read(response.normalized_request.environ))
        self._authorise(response, caller, s3.asks(response, bucket_name, key_name))

    def _authenticate(self, response: BaseResponse, signed: signature.Signature | None) -> Caller:
        if signed is None:
            raise refused(response, "Unsigned")
        caller = identity.caller(self._scope, signed.access_key_id)
        if caller is None:
            raise refused(response, "UnknownKey")
        if caller.session_token != signed.session_token:
            raise refused(response, "WrongToken")
        if caller.expires and caller.expires < datetime.now(UTC):
            raise refused(response, "ExpiredToken")
        if problem := response.normalized_request.environ.get(SIGNATURE_PROBLEM):
            raise refused(response, "WrongSignature", problem)
        return caller

    def _authorise(self, response: BaseResponse, caller: Caller, asks: Iterable[Ask]) -> None:
        for ask in asks:
            if ask.action in ALWAYS_ALLOWED:
                return
            for resource in ask.resources:
                decision = self._authority.decide(caller, ask.action, resource, ask.context)
                if ask.action == "sts:AssumeRole" and decision.allowed:
                    decision = self._authority.trusts(caller, resource)
                if not decision.allowed:
                    refusal = "KMSAccessDenied" if ask.action.startswith("kms:") else "AccessDenied"
                    raise refused(response, refusal, _sentence(caller.arn, ask.action, resource, decision))


def _sentence(arn: str, action: str, resource: Resource, decision: Decision) -> str:
    because = (
        f"with an explicit deny in a {'service control ' if decision.denied_by_organization else ''}policy"
        if decision.denied_explicitly
        else f"because no identity-based policy allows the {action} action"
    )
    on = f" on resource: {resource.arn}" if resource.arn else ""
    return f"User: {arn} is not authorized to perform: {action}{on} {because}"
