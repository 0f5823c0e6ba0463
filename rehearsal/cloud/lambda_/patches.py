"""What Lambda does otherwise than moto: functions run where the rehearsal says."""

import threading
from typing import Any

from moto.awslambda.models import LambdaBackend

from rehearsal.cloud.core.patches import Patches
from rehearsal.cloud.core.regions import Regions


def patch(patches: Patches, regions: Regions) -> None:
    @patches.replace(
        LambdaBackend, because="moto starts Docker containers, and runs asynchronous invocations while the caller waits"
    )
    def invoke(
        backend: LambdaBackend,
        function_name: str,
        qualifier: str | None,  # noqa: ARG001
        body: Any,
        headers: Any,
        response_headers: dict[str, str],
    ) -> str:
        functions = regions.of(backend.region_name).functions
        kind = headers.get("X-Amz-Invocation-Type", "RequestResponse")
        payload = (body.decode() if isinstance(body, bytes) else body) or "{}"
        answer = ""
        if kind == "RequestResponse":
            outcome = functions.invoke(function_name, payload)
            if outcome.error:
                response_headers["x-amz-function-error"] = outcome.error
            response_headers["X-Amz-Executed-Version"] = "$LATEST"
            answer = outcome.payload
        elif kind == "Event":
            functions.named(function_name)
            threading.Thread(target=functions.invoke_asynchronously, args=(function_name, payload), daemon=True).start()
        response_headers["Content-Length"] = str(len(answer.encode()))
        return answer
