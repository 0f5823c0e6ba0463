"""Authenticates every API call and authorises it by the caller's policies."""

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape, unescape

from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.responses import BaseResponse
from moto.core.utils import get_service_model
from moto.iam.access_control import PermissionResult
from moto.iam.models import iam_backends
from moto.s3.models import FakeBucket, s3_backends
from moto.s3.responses import S3Response
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.utilities.utils import get_partition
from werkzeug.exceptions import HTTPException

from rehearsal.cloud.core.patches import Patches
from rehearsal.cloud.core.values import Place
from rehearsal.cloud.iam import asked, identity, signature
from rehearsal.cloud.iam.policy import Context, Decision, Resource, decide

log = logging.getLogger(__name__)
# A wrong or late signature is told by the server, which alone sees the request as it came.
SIGNATURE_PROBLEM = "rehearsal.signature_problem"
# Always allowed, even when denied (STS API reference).
ALWAYS_ALLOWED = ("sts:GetCallerIdentity",)
# Their links carry what proves the right (SNS API reference).
OPEN_TO_EVERYBODY = (("sns", "ConfirmSubscription"), ("sns", "Unsubscribe"))
# What moto's S3 calls an action where IAM has another name for it.
S3_ACTIONS = {"HeadBucket": "ListBucket", "ListAllMyBuckets": "ListAllMyBuckets"}

KEY = re.compile("<Key>(.*?)</Key>")
# Lambda's REST protocol names the function in the path.
FUNCTION_PATH = re.compile(r"/functions/([^/]+)")


class RefusedError(HTTPException):
    def __init__(self, code: int, body: str) -> None:
        super().__init__(description=body)
        self.code = code

    def get_headers(self, *_args: Any, **_kwargs: Any) -> list[tuple[str, str]]:
        return [("Content-Type", "application/xml")]

    def get_body(self, *_args: Any, **_kwargs: Any) -> str:
        return str(self.description)


class Gate:
    def __init__(self, place: Place) -> None:
        self._place = place

    def patch(self, patches: Patches) -> None:
        """moto lets everybody do everything unless told otherwise, and then knows only Resource "*"."""
        gate = self

        def normal(self: BaseResponse, resource: str = "*") -> None:  # noqa: ARG001
            gate.check(self)

        def call_action(self: BaseResponse) -> Any:
            try:
                return call(self)
            except NotImplementedError as missing:
                # moto lets it end as a 500, which every SDK tries again for a minute.
                log.warning("the rehearsal's AWS has no %s:%s", self.boto3_service_name, self._get_action())
                refused = _refused(self, "InvalidAction", str(missing))
                return refused.code, {**self.response_headers, "status": refused.code}, refused.get_body()

        call = patches.replace(BaseResponse, "call_action", call_action)
        # The CDK asks CloudTrail what failed in the seconds of a failed deploy.
        patches.add(CloudTrailResponse, "lookup_events", lambda _self: json.dumps({"Events": []}))

        def s3(self: S3Response, bucket_name: str | None = None, key_name: str | None = None) -> None:
            gate.check_s3(self, bucket_name, key_name)

        patches.replace(ActionAuthenticatorMixin, "_authenticate_and_authorize_normal_action", normal)
        patches.replace(ActionAuthenticatorMixin, "_authenticate_and_authorize_s3_action", s3)
        # moto's own look at a bucket policy ignores conditions: a Deny without TLS would shut everybody out.
        patches.replace(FakeBucket, "get_permission", lambda *_: PermissionResult.NEUTRAL)

    def allows(self, access_key_id: str, action: str, resource_arn: str, context: Context) -> bool:
        caller = identity.caller(self._place, access_key_id)
        return caller is not None and self._decide(caller, action, Resource(resource_arn), context).allowed

    def check(self, response: BaseResponse) -> None:
        environ = response.normalized_request.environ
        signed = signature.read(environ)
        if signed is None:
            if (response.boto3_service_name, response._get_action()) in OPEN_TO_EVERYBODY:
                return
            raise _refused(response, "MissingAuthenticationToken", "Request is missing Authentication Token")
        caller = identity.caller(self._place, signed.access_key_id)
        if caller is None or caller.session_token != signed.session_token:
            raise _refused(
                response, "InvalidClientTokenId", "The security token included in the request is invalid."
            )
        if caller.expires and caller.expires < datetime.now(UTC):
            raise _refused(response, "ExpiredToken", "The security token included in the request is expired")
        if problem := environ.get(SIGNATURE_PROBLEM):
            raise _refused(response, "SignatureDoesNotMatch", problem)
        for ask in asked.asks(self._place, signed.service, response._get_action(), _parameters(response)):
            if ask.action in ALWAYS_ALLOWED:
                return
            self._check_ask(response, caller, ask)

    def _check_ask(self, response: BaseResponse, caller: identity.Caller, ask: asked.Ask) -> None:
        for resource in ask.resources:
            decision = self._decide(caller, ask.action, resource, ask.context)
            if ask.action == "sts:AssumeRole" and decision.allowed:
                decision = self._trusted(caller, resource)
            if not decision.allowed:
                code = "KMSAccessDenied" if ask.action.startswith("kms:") else "AccessDenied"
                raise _refused(response, code, _sentence(caller.arn, ask.action, resource, decision))

    def check_s3(self, response: S3Response, bucket_name: str | None, key_name: str | None) -> None:
        environ = response.normalized_request.environ
        signed = signature.read(environ)
        if signed is None:
            raise _s3_refused("AccessDenied", "Access Denied")
        caller = identity.caller(self._place, signed.access_key_id)
        if caller is None:
            raise _s3_refused(
                "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."
            )
        if caller.session_token != signed.session_token:
            raise _s3_refused("InvalidToken", "The provided token is malformed or otherwise invalid.")
        if caller.expires and caller.expires < datetime.now(UTC):
            raise _s3_refused("ExpiredToken", "The provided token has expired.")
        if problem := environ.get(SIGNATURE_PROBLEM):
            raise _s3_refused("SignatureDoesNotMatch", problem)
        name = response._get_action()
        named = name[0] if isinstance(name, list) else name
        if "encryption" in response.querystring and not key_name:
            named = "PutEncryptionConfiguration" if response.method == "PUT" else "GetEncryptionConfiguration"
        action = f"s3:{S3_ACTIONS.get(named, named)}"
        prefix = response.querystring.get("prefix")
        for resource in _s3_resources(response, action, bucket_name, key_name):
            decision = self._decide(caller, action, resource, {"s3:prefix": tuple(prefix)} if prefix else {})
            if not decision.allowed:
                raise _s3_refused("AccessDenied", _sentence(caller.arn, action, resource, decision))

    def trusts_service(self, role_arn: str, service: str, context: Context | None = None) -> bool:
        """Whether a service such as ec2.amazonaws.com may act in the role, for what it says of itself."""

        document = self._trust_document(role_arn)
        return decide(
            [document],
            "sts:AssumeRole",
            Resource(None),
            context or {},
            lambda named: _is_service(named, service),
        ).allowed

    def service_may(self, service: str, action: str, policy: str, arn: str, context: Context) -> bool:
        """Whether a service such as cloudwatch.amazonaws.com may, by this policy of a topic or a key."""
        known = {
            "aws:securetransport": ("true",),
            "aws:resourceaccount": (self._place.account,),
            "aws:requestedregion": (self._place.region,),
            **context,
        }

        def is_meant(principal: Any) -> bool:
            return principal in ("*", {"AWS": "*"}) or _is_service(principal, service)

        return decide([policy], action, Resource(arn), known, is_meant).allowed

    def _decide(self, caller: identity.Caller, action: str, resource: Resource, context: Context) -> Decision:
        known = {
            "aws:securetransport": ("true",),
            "aws:principalarn": (caller.role_arn or caller.arn,),
            "aws:principalaccount": (self._place.account,),
            "aws:resourceaccount": (self._place.account,),
            "s3:resourceaccount": (self._place.account,),
            "aws:requestedregion": (self._place.region,),
            **{f"aws:principaltag/{key.lower()}": (value,) for key, value in caller.tags.items()},
            **context,
        }
        decision = decide(caller.policies, action, resource, known)
        if caller.session_policy and decision.allowed:
            decision = decide([caller.session_policy], action, resource, known)
        document = self._resource_policy(action, str(resource.arn))
        if document and not decision.denied_explicitly:
            of_resource = decide([document], action, resource, known, lambda named: self._is(caller, named))
            allowed = (decision.allowed or of_resource.allowed) and not of_resource.denied_explicitly
            return Decision(allowed, of_resource.denied_explicitly)
        return decision

    def _resource_policy(self, action: str, arn: str) -> str | bytes | None:
        """The policy of the bucket, topic or queue that the action is for, if it has one."""
        account, region = self._place.account, self._place.region
        service, name = action.split(":")[0], arn.rsplit(":", 1)[-1]
        if service == "s3":
            bucket = s3_backends[account][get_partition(region)].buckets.get(name.split("/")[0])
            return bucket.policy if bucket else None
        if service == "sns":
            topic = sns_backends[account][region].topics.get(arn)
            return topic.policy if topic else None
        if service == "sqs":
            queue = sqs_backends[account][region].queues.get(name)
            found: str | None = queue.policy if queue else None
            return found
        return None

    def _trusted(self, caller: identity.Caller, role: Resource) -> Decision:
        document = self._trust_document(str(role.arn))
        known = {"aws:principalarn": (caller.role_arn or caller.arn,)}
        return decide(
            [document], "sts:AssumeRole", Resource(None), known, lambda named: self._is(caller, named)
        )

    def _is(self, caller: identity.Caller, principal: Any) -> bool:
        """Whether a Principal element names the caller, or the whole account."""
        if principal == "*":
            return True
        named = principal.get("AWS", []) if isinstance(principal, dict) else []
        account = self._place.account
        mine = {"*", account, f"arn:aws:iam::{account}:root", caller.arn, caller.role_arn}
        return bool(mine & set([named] if isinstance(named, str) else named))

    def _trust_document(self, role_arn: str) -> str:
        roles = iam_backends[self._place.account][get_partition(self._place.region)].roles.values()
        role = next((each for each in roles if each.arn == role_arn), None)
        document = role.assume_role_policy_document if role else '{"Statement": []}'
        return document if isinstance(document, str) else json.dumps(document)


def _is_service(principal: Any, service: str) -> bool:
    named = principal.get("Service", []) if isinstance(principal, dict) else []
    return service in ([named] if isinstance(named, str) else named)


def _parameters(response: BaseResponse) -> asked.Parameter:
    """A parameter of the request, whatever the protocol brought it in."""
    try:
        body: Mapping[str, Any] = json.loads(response.body) if response.body else {}
    except ValueError:
        body = {}

    def parameter(name: str) -> Any:
        if name == "FunctionName" and (found := FUNCTION_PATH.search(response.path)):
            return unquote(found[1])
        if isinstance(body, dict) and name in body:
            return body[name]
        value = response.querystring.get(name)
        if value:
            return value[0]
        # Lists of the query protocols: InstanceId.1, InstanceIds.member.1.
        stem = name.removesuffix("s")
        return [
            values[0]
            for key, values in response.querystring.items()
            if key.startswith((f"{name}.", f"{stem}.")) and key.rsplit(".", 1)[-1].isdigit()
        ]

    return parameter


def _sentence(arn: str, action: str, resource: Resource, decision: Decision) -> str:
    because = (
        "with an explicit deny in a policy"
        if decision.denied_explicitly
        else f"because no identity-based policy allows the {action} action"
    )
    on = f" on resource: {resource.arn}" if resource.arn else ""
    return f"User: {arn} is not authorized to perform: {action}{on} {because}"


# The same refusal has other names in the JSON protocols, and in EC2.
_JSON_NAMES = {
    "AccessDenied": "AccessDeniedException",
    "KMSAccessDenied": "KMSAccessDeniedException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "ExpiredToken": "ExpiredTokenException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "InvalidAction": "UnknownOperationException",
}
_EC2_NAMES = {
    "AccessDenied": "UnauthorizedOperation",
    "InvalidClientTokenId": "AuthFailure",
    "ExpiredToken": "RequestExpired",
    "SignatureDoesNotMatch": "AuthFailure",
    "MissingAuthenticationToken": "MissingAuthenticationToken",
    "InvalidAction": "InvalidAction",
}


def _refused(response: BaseResponse, code: str, message: str) -> RefusedError:
    protocol = response.determine_response_protocol(get_service_model(response.boto3_service_name))
    if "json" in protocol:
        response.response_headers["x-amzn-ErrorType"] = _JSON_NAMES[code]
        body = json.dumps({"__type": _JSON_NAMES[code], "message": message})
        return RefusedError(400 if protocol == "json" else 403, body)
    if protocol == "ec2":
        error = f"<Code>{_EC2_NAMES[code]}</Code><Message>{escape(message)}</Message>"
        return RefusedError(403, f"<Response><Errors><Error>{error}</Error></Errors></Response>")
    error = f"<Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message>"
    return RefusedError(403, f"<ErrorResponse><Error>{error}</Error></ErrorResponse>")


def _s3_resources(
    response: S3Response, action: str, bucket_name: str | None, key_name: str | None
) -> list[Resource]:
    if action == "s3:ListAllMyBuckets" or not bucket_name:
        return [Resource("*")]
    bucket = f"arn:aws:s3:::{bucket_name}"
    if key_name:
        return [Resource(f"{bucket}/{key_name}")]
    if response.method == "POST" and "delete" in response.querystring:
        # DeleteObjects asks for each key in its body.
        return [Resource(f"{bucket}/{unescape(key)}") for key in KEY.findall(response.body.decode())]
    return [Resource(bucket)]


def _s3_refused(code: str, message: str) -> RefusedError:
    return RefusedError(
        403,
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{escape(message)}</Message><RequestId>rehearsal</RequestId></Error>",
    )
