"""AWS Lambda's side of an invocation: the role, the retries, the log and the metrics."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.logs.models import logs_backends

from rehearsal.cloud.cloudwatch.metrics import Metrics
from rehearsal.cloud.core.clock import Clock
from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam import identity
from rehearsal.cloud.iam.authority import Authority

# The default of the event invoke configuration.
ASYNCHRONOUS_RETRIES = 2


@dataclass(frozen=True, slots=True)
class Function:
    """A deployed function with its zip as ``code``, and the credentials of its role."""

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
    """``error`` is X-Amz-Function-Error, or empty; with an error, the payload tells the exception."""

    request_id: str
    payload: str
    error: str
    log: tuple[str, ...]
    duration_milliseconds: float
    init_milliseconds: float
    memory_mib: int


Runtime = Callable[[Function, str], Outcome]


class NoRuntimeError(Exception):
    """Functions are deployed but cannot run: no runtime is set."""


class Functions:
    def __init__(
        self, scope: Scope, world: threading.Condition, authority: Authority, clock: Clock, metrics: Metrics
    ) -> None:
        self.run: Runtime = _no_runtime
        self._scope = scope
        self._world = world
        self._authority = authority
        self._clock = clock
        self._metrics = metrics

    def named(self, name: str) -> LambdaFunction:
        """By name or ARN. Raises UnknownFunctionException: there is none."""
        return self._scope.regional(lambda_backends).get_function(name)

    def all(self) -> tuple[LambdaFunction, ...]:
        return tuple(self._scope.regional(lambda_backends).list_functions())

    def invoke(self, name: str, payload: str) -> Outcome:
        """Run the function once, in its role, and keep its log and its metrics."""
        began = self._clock.now()
        function = self._prepare(name)
        outcome = self.run(function, payload)
        with self._world:
            self._metrics.record_invocation(
                function.name, failed=bool(outcome.error), duration_milliseconds=outcome.duration_milliseconds, at=began
            )
            if self._keep_log(function, outcome):
                self._metrics.record_log(outcome.log, began)
        return outcome

    def invoke_asynchronously(self, name: str, payload: str) -> tuple[Outcome, ...]:
        """As Lambda works off its queue, but without the wait of one and two minutes before a retry."""
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
            if not self._authority.trusts_service(deployed.role, "lambda.amazonaws.com"):
                raise PermissionError(f"Lambda cannot assume the role {deployed.role}")
            session = identity.role_session(self._scope, deployed.role, deployed.function_name)
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
        """In the function's log group, if its role may write there: whether it may."""
        logs = self._scope.regional(logs_backends)
        now = datetime.now(UTC)
        stream = f"{now:%Y/%m/%d}/[$LATEST]{outcome.request_id.replace('-', '')}"
        arn = self._scope.arn("logs", f"log-group:{function.log_group}:log-stream:{stream}")
        key = function.credentials["AWS_ACCESS_KEY_ID"]
        allowed = all(
            self._authority.allows(key, f"logs:{action}", arn, {}) for action in ("CreateLogStream", "PutLogEvents")
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
