"""What a request to CloudWatch asks for."""

from collections.abc import Iterable

from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.request import EVERYTHING, UNKNOWN, Ask, Parameter

SIGNING_NAME = "monitoring"


def asks(_scope: Scope, operation: str, parameter: Parameter) -> Iterable[Ask]:
    known = operation in ("PutMetricData", "GetMetricData", "ListMetrics")
    writes = operation == "PutMetricData"
    context = {"cloudwatch:namespace": (str(parameter("Namespace")),)} if writes else {}
    yield Ask(f"cloudwatch:{operation}", EVERYTHING if known else UNKNOWN, context)
