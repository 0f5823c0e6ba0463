"""Lambda: renews the certificate, and proves that the renewed one is served."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.aws.clients import Aws, connect, publish
from lambdas.aws.state_store import Held, OvertakenError, read_state, write_state
from lambdas.aws.telemetry import LOGGER, METRICS, measure, scheduled_moment
from lambdas.environment import Environment
from lambdas.judge.diagnosis import Diagnosis
from lambdas.judge.incident import Mail, transition
from lambdas.judge.renewal import judge_renewal, read_renewal
from lambdas.see.probe import Login, Outside, Target, probe
from lambdas.see.run_command import Reply, ask
from lambdas.tell.alert import failing_lines, write_alert
from lambdas.tell.measures import Measures

# A challenge that is retried; less than the function's own limit, to leave time to say what happened.
WAIT_SECONDS = 600
LEASE = timedelta(minutes=15)


class RenewalFailedError(Exception):
    """Raised after the mail was sent, so that the failed renewal is a failed invocation."""


@LOGGER.inject_lambda_context
@METRICS.log_metrics
def handler(event: Mapping[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return renew(scheduled_moment(event), Environment.read(), connect())


def renew(
    now: datetime,
    environment: Environment,
    aws: Aws,
    *,
    ring: Callable[..., Reply] = ask,
    look: Callable[[Target, Login | None], Outside] = probe,
    record: Callable[[Measures], None] = measure,
) -> dict[str, Any]:
    held = read_state(aws.s3, environment.renewal_state, now)
    renewal = read_renewal(
        ring(aws.ssm, environment.doorbell, "renew-certificate", wait_seconds=WAIT_SECONDS)
    )
    diagnosis = judge_renewal(renewal, look(environment.target, None))
    record({"RenewalSucceeded": (MetricUnit.Count, float(diagnosis.cause is None))})
    LOGGER.info("renewal", extra={"renewed": renewal.renewed, "failing": failing_lines(diagnosis.checks)})
    mail = None if held.state.is_leased(now) else tell(now, environment, aws, held, diagnosis, renewal.host)
    if diagnosis.cause:
        raise RenewalFailedError(diagnosis.cause.title)
    return {"renewed": renewal.renewed, "fingerprint": renewal.fingerprint, "mail": mail}


def tell(
    now: datetime, environment: Environment, aws: Aws, held: Held, diagnosis: Diagnosis, host: str
) -> Mail | None:
    """Remember the run, and send what is to be sent; nothing if another run is telling it already."""
    change = transition(replace(held.state, asked_at=now), diagnosis, now, failures_in_a_row=1)
    place = environment.renewal_state
    try:
        etag = write_state(aws.s3, place, replace(change.claimed, leased_until=now + LEASE), held.etag)
        if change.mail:
            message = write_alert(change, environment.place, diagnosis.checks, host=host, now=now)
            publish(aws.sns, environment.topic_arn, message)
        write_state(aws.s3, place, replace(change.settled, leased_until=None), etag)
    except OvertakenError:
        LOGGER.warning("another run tells")
        return None
    return change.mail
