"""What a request about the whole account's S3 asks for."""

from collections.abc import Iterable

from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.request import EVERYTHING, Ask, Parameter

# Shared with S3's own requests, whose protocol the gate treats apart.
SIGNING_NAME = "s3"
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetPublicAccessBlock.html
ACTIONS = {
    "GetPublicAccessBlock": "GetAccountPublicAccessBlock",
    "PutPublicAccessBlock": "PutAccountPublicAccessBlock",
    "DeletePublicAccessBlock": "PutAccountPublicAccessBlock",
}


def asks(_scope: Scope, operation: str, _parameter: Parameter) -> Iterable[Ask]:
    yield Ask(f"s3:{ACTIONS.get(operation, operation)}", EVERYTHING)
