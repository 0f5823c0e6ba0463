"""The errors of AWS's library as sentences for a person."""

import re

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    SSLError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

AwsError = BotoCoreError | ClientError

# AWS's protocols have a word each. https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
DENIALS = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "403"}
_THROTTLES = {"RequestLimitExceeded", "ThrottlingException", "Throttling", "TooManyRequestsException", "SlowDown"}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_UNKNOWN_KEYS = {"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "InvalidAccessKeyId"}
_WRONG_SIGNATURES = {"SignatureDoesNotMatch", "InvalidSignatureException"}
_PERMISSION = re.compile(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)")
# "… with an explicit deny in a service control policy"
_BY_ORGANIZATION = re.compile(r"(service|resource) control policy")


def code(error: ClientError) -> str:
    return error.response["Error"]["Code"]


def is_denial(error: AwsError) -> bool:
    return isinstance(error, ClientError) and code(error) in DENIALS


def is_denial_by_organization(error: ClientError) -> bool:
    """No permission inside the account helps against it."""
    return is_denial(error) and bool(_BY_ORGANIZATION.search(error.response["Error"]["Message"]))


def permission(error: ClientError) -> str:
    """The permission that is missing, such as ``ec2:DescribeVpcs``; else the name of the call."""
    named = _PERMISSION.search(error.response["Error"]["Message"])
    return named[1] if named else error.operation_name


def sentence(error: AwsError) -> str:
    """Without a full stop."""
    match error:
        case NoCredentialsError() | PartialCredentialsError():
            return "there are no AWS credentials"
        case ProfileNotFound() | TokenRetrievalError() | UnauthorizedSSOTokenError():
            return str(error).rstrip(".")
        case EndpointConnectionError() | ConnectTimeoutError() | ReadTimeoutError():
            return f"{error.kwargs.get('endpoint_url', 'AWS')} does not answer"
        case SSLError():
            return f"the certificate of {error.kwargs.get('endpoint_url', 'AWS')} is not trusted"
        case ClientError():
            return _of_answer(error)
    return str(error).rstrip(".")


def _of_answer(error: ClientError) -> str:
    answer = code(error)
    if is_denial(error):
        by = " (an organization's policy denies it)" if is_denial_by_organization(error) else ""
        return f"the permission {permission(error)} is missing{by}"
    if answer in _THROTTLES:
        return f"AWS had too many requests at once ({error.operation_name}); try again in a minute"
    if answer in _EXPIRED:
        return "the credentials have expired"
    if answer in _UNKNOWN_KEYS:
        return "AWS does not know this access key"
    if answer in _WRONG_SIGNATURES:
        return "the secret access key is wrong, or this machine's clock is"
    return f"{error.operation_name}: {error.response['Error']['Message'].rstrip('.')} ({answer})"
