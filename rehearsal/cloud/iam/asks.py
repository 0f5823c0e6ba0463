"""What a request to STS asks for."""

from collections.abc import Iterable

from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.policy import Resource
from rehearsal.cloud.iam.request import EVERYTHING, Ask, Parameter

SIGNING_NAME = "sts"


def asks(_scope: Scope, operation: str, parameter: Parameter) -> Iterable[Ask]:
    role = [Resource(str(parameter("RoleArn")))]
    yield Ask(f"sts:{operation}", role if operation == "AssumeRole" else EVERYTHING)
