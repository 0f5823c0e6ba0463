"""The key of an encrypted topic: every publisher has to be allowed to use it.

https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
"""

from collections.abc import Iterable

from moto.kms.models import kms_backends

from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.authority import Authority
from rehearsal.cloud.iam.policy import Context, Resource
from rehearsal.cloud.iam.request import Ask

ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")
# AWS's own keys serve all principals of the account, and no service; their policies cannot be changed.
AWS_MANAGED = "alias/aws/"


def asks(scope: Scope, key_id: str) -> Iterable[Ask]:
    """What a principal needs to publish with this key, if there is one."""
    if not key_id or key_id.startswith(AWS_MANAGED):
        return ()
    arn = key_id if key_id.startswith("arn:") else scope.arn("kms", f"key/{key_id}")
    return (Ask(action, [Resource(arn)]) for action in ACTIONS)


def serve(scope: Scope, authority: Authority, service: str, key_id: str, context: Context) -> bool:
    """Whether a service such as cloudwatch.amazonaws.com may publish with this key."""
    if AWS_MANAGED in key_id:
        return False
    try:
        key = scope.regional(kms_backends).describe_key(key_id)
    except KeyError:
        return False
    return all(authority.service_may(service, action, key.policy, key.arn, context) for action in ACTIONS)
