"""Lambda: renews the certificate, and proves that the renewed certificate is served."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.aws.clients import Aws, connect
from lambdas.aws.state_store import AnotherRunError, recall
from lambdas.aws.telemetry import LOGGER, METRICS, measure, scheduled_moment
from lambdas.aws.topic import publish
from lambdas.environment import Environment
from lambdas.judge.incident import transition
from lambdas.judge.memory import RenewalMemory
from lambdas.judge.renewal import judge_renewal, read_renewal
from lambdas.see.probe import Endpoint, Login, Outside, probe
from lambdas.see.run_command import Ring, ask
from lambdas.tell.alert import failing_lines, write_alert
from lambdas.tell.measures import Measures

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Long enough for a retried challenge. The function's own limit is longer, so that the mail can still be sent.
WAIT_SECONDS = 600
LEASE = timedelta(minutes=15)


class RenewalFailedError(Exception):
    """Raised after the mail was sent, so that a failed renewal is a failed invocation."""


@LOGGER.inject_lambda_context
@METRICS.log_metrics
def handler(event: Mapping[str, Any], _context: "LambdaContext") -> dict[str, Any]:
    return renew(scheduled_moment(event), Environment.read(), connect())


def renew(
    now: datetime,
    environment: Environment,
    aws: Aws,
    *,
    ring: Ring = ask,
    look: Callable[[Endpoint, Login | None], Outside] = probe,
    record: Callable[[Measures], None] = measure,
) -> dict[str, Any]:
    stored = recall(aws.s3, environment.renewal_object, RenewalMemory, now)
    reply = ring(aws.ssm, environment.doorbell, "renew-certificate", wait_seconds=WAIT_SECONDS)
    renewal = read_renewal(reply)
    diagnosis = judge_renewal(renewal, look(environment.endpoint, None), environment.address)
    record({"RenewalSucceeded": (MetricUnit.Count, float(diagnosis.cause is None))})
    LOGGER.info("renewal", extra={"renewed": renewal.renewed, "failing": failing_lines(diagnosis.checks)})
    change = transition(stored.memory.incident, diagnosis, now, failures_in_a_row=1)

    def tell(memory: RenewalMemory) -> RenewalMemory:
        if change.mail:
            checks = diagnosis.checks
            message = write_alert(change, environment.registry, checks, host=renewal.host, now=now)
            publish(aws.sns, environment.topic_arn, message)
        return replace(memory, incident=change.incident.after(change.mail, now))

    try:
        asked = replace(stored.memory, incident=change.incident, asked_at=now)
        stored.act_alone(asked, tell, now=now, lease=LEASE)
        mail = change.mail
    except AnotherRunError as another:
        LOGGER.warning(str(another))
        mail = None
    if diagnosis.cause:
        raise RenewalFailedError(diagnosis.cause.title)
    return {"renewed": renewal.renewed, "fingerprint": renewal.fingerprint, "mail": mail}
