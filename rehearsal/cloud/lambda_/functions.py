"""AWS Lambda's side of an invocation: as whom it runs, what is tried again, where its log goes."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.awslambda.models import LambdaBackend, LambdaFunction, lambda_backends
from moto.logs.models import logs_backends

from rehearsal.cloud.cloudwatch.metrics import Metrics
from rehearsal.cloud.core.clock import Clock
from rehearsal.cloud.core.patches import Patches
from rehearsal.cloud.core.values import Place
from rehearsal.cloud.iam import identity
from rehearsal.cloud.iam.gate import Gate

# Of a function's asynchronous invocations, unless its event invoke configuration says otherwise.
ASYNCHRONOUS_RETRIES = 2


@dataclass(frozen=True, slots=True)
class Function:
    """A deployed function, and the credentials of its role's session. code is the deployed zip."""

    name: str
    arn: str
    handler: str
    runtime: str
    code: bytes
    environment: Mapping[str, str]
    memory_mib: int
    timeout_seconds: int
    log_group: str
    credentials: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """error is empty, or what X-Amz-Function-Error says: then the payload tells the exception."""

    request_id: str
    payload: str
    error: str
    log: tuple[str, ...]
    duration_milliseconds: float
    init_milliseconds: float
    memory_mib: int


Runtime = Callable[[Function, str], Outcome]


class NoRuntimeError(Exception):
    """Nobody has set a runtime, so functions are deployed but cannot run."""


class Functions:
    def __init__(
        self, place: Place, world: threading.Condition, gate: Gate, clock: Clock, metrics: Metrics
    ) -> None:
        self.run: Runtime = _no_runtime
        self._place = place
        self._world = world
        self._gate = gate
        self._clock = clock
        self._metrics = metrics

    def patch(self, patches: Patches) -> None:
        """moto starts Docker containers, and runs asynchronous invocations while the caller waits."""
        functions = self

        def invoke(
            backend: LambdaBackend,  # noqa: ARG001
            function_name: str,
            qualifier: str | None,  # noqa: ARG001
            body: Any,
            headers: Any,
            response_headers: dict[str, str],
        ) -> str:
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
                threading.Thread(
                    target=functions.invoke_asynchronously, args=(function_name, payload), daemon=True
                ).start()
            response_headers["Content-Length"] = str(len(answer.encode()))
            return answer

        patches.replace(LambdaBackend, "invoke", invoke)

    def named(self, name: str) -> LambdaFunction:
        """By name or ARN; moto's own error without it."""
        return lambda_backends[self._place.account][self._place.region].get_function(name)

    def all(self) -> tuple[LambdaFunction, ...]:
        return tuple(lambda_backends[self._place.account][self._place.region].list_functions())

    def invoke(self, name: str, payload: str) -> Outcome:
        """Run it once, in its role, and keep its log and what was measured."""
        began = self._clock.now()
        function = self._prepare(name)
        outcome = self.run(function, payload)
        with self._world:
            self._metrics.record_invocation(
                function.name,
                failed=bool(outcome.error),
                duration_milliseconds=outcome.duration_milliseconds,
                at=began,
            )
            if self._keep_log(function, outcome):
                self._metrics.record_log(outcome.log, began)
        return outcome

    def invoke_asynchronously(self, name: str, payload: str) -> tuple[Outcome, ...]:
        """As Lambda works off its queue; it would wait one and two minutes before it tries again."""
        with self._world:
            configured = [each.config for each in self.named(name).event_invoke_config]
        retries = next(iter(configured), {}).get("MaximumRetryAttempts", ASYNCHRONOUS_RETRIES)
        outcomes: list[Outcome] = []
        while len(outcomes) <= retries and (not outcomes or outcomes[-1].error):
            outcomes.append(self.invoke(name, payload))
        return tuple(outcomes)

    def _prepare(self, name: str) -> Function:
        with self._world:
            deployed = self.named(name)
            if not self._gate.trusts_service(deployed.role, "lambda.amazonaws.com"):
                raise PermissionError(f"Lambda cannot assume the role {deployed.role}")
            session = identity.role_session(self._place, deployed.role, deployed.function_name)
            return Function(
                name=deployed.function_name,
                arn=deployed.function_arn,
                handler=str(deployed.handler),
                runtime=str(deployed.run_time),
                code=deployed.code_bytes,
                environment=dict(deployed.environment_vars),
                memory_mib=int(deployed.memory_size),
                timeout_seconds=int(deployed.timeout),
                log_group=deployed.logs_group_name,
                credentials={
                    "AWS_ACCESS_KEY_ID": session.access_key_id,
                    "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
                    "AWS_SESSION_TOKEN": session.session_token,
                },
            )

    def _keep_log(self, function: Function, outcome: Outcome) -> bool:
        """In the function's log group, if its role may write there, as on AWS nowhere otherwise."""
        logs = logs_backends[self._place.account][self._place.region]
        now = datetime.now(UTC)
        stream = f"{now:%Y/%m/%d}/[$LATEST]{outcome.request_id.replace('-', '')}"
        arn = f"arn:aws:logs:{self._place.region}:{self._place.account}:log-group:{function.log_group}"
        key = function.credentials["AWS_ACCESS_KEY_ID"]
        allowed = all(
            self._gate.allows(key, f"logs:{action}", f"{arn}:log-stream:{stream}", {})
            for action in ("CreateLogStream", "PutLogEvents")
        )
        if function.log_group not in logs.groups or not allowed:
            return False
        logs.create_log_stream(function.log_group, stream)
        milliseconds = int(now.timestamp() * 1000)
        events = [{"timestamp": milliseconds, "message": line} for line in outcome.log]
        logs.put_log_events(function.log_group, stream, events)
        return True


def _no_runtime(function: Function, payload: str) -> Outcome:
    raise NoRuntimeError(f"nothing runs {function.name} here (payload {json.dumps(payload)[:80]})")
