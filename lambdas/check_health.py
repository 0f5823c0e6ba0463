"""Lambda: looks at the registry as a client does, names what broke, repairs it where it can, and sends the mails."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.aws.clients import Aws, connect
from lambdas.aws.errors import Attempts, error_code
from lambdas.aws.state_store import recall
from lambdas.aws.telemetry import LOGGER, METRICS, measure, scheduled_moment
from lambdas.aws.topic import count_receivers
from lambdas.environment import HealthEnvironment
from lambdas.judge.diagnosis import diagnose
from lambdas.judge.evidence import client_is_served_again
from lambdas.judge.incident import transition
from lambdas.judge.memory import HealthMemory, RenewalMemory
from lambdas.judge.sight import Sight, read_inside
from lambdas.respond import Responder
from lambdas.see.probe import Endpoint, Login, Outside, Pull, probe, pull
from lambdas.see.run_command import DIAGNOSIS_SECONDS, Ring, ask
from lambdas.tell.alert import failing_lines
from lambdas.tell.measures import Measures, health_measures

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_ssm import SSMClient

HEALTH_USER = "health"


class HealthCheckError(Exception):
    """A part of the health check could not be done. Raised last, after the mail and the measures."""


@LOGGER.inject_lambda_context
@METRICS.log_metrics
def handler(event: Mapping[str, Any], _context: "LambdaContext") -> dict[str, Any]:
    return check(scheduled_moment(event), HealthEnvironment.read(), connect())


def check(
    now: datetime,
    environment: HealthEnvironment,
    aws: Aws,
    *,
    ring: Ring = ask,
    look: Callable[[Endpoint, Login | None, str], Outside] = probe,
    ask_again: Callable[[Endpoint, Login | None, str], Pull] = pull,
    record: Callable[[Measures], None] = measure,
) -> dict[str, Any]:
    attempts = Attempts()
    stored = recall(aws.s3, environment.health_object, HealthMemory, now)
    endpoint, login = environment.endpoint, read_login(aws.ssm, environment.health_parameter)
    outside = look(endpoint, login, stored.memory.canary)
    reply = attempts.make(ring, aws.ssm, environment.doorbell, "diagnose", wait_seconds=DIAGNOSIS_SECONDS)
    sight = Sight(environment.address, outside, read_inside(reply) if reply else None, now)
    diagnosis = diagnose(sight)
    grace = stored.memory.grace(diagnosis.cause.id if diagnosis.cause else None, sight.asked)
    change = transition(stored.memory.incident, diagnosis, now, grace=grace)

    def is_served_again(canary: str) -> bool:
        return client_is_served_again(ask_again(endpoint, login, canary), with_login=login is not None)

    responder = Responder(environment, aws, ring, attempts, is_served_again)
    memory = responder.respond(stored, change, sight, diagnosis)
    renewal = recall(aws.s3, environment.renewal_object, RenewalMemory, stored.memory.started_at).memory
    receivers = attempts.make(count_receivers, aws.sns, environment.topic_arn)
    record(health_measures(sight, diagnosis, memory, renewal, receivers))
    seen = {
        "cause": diagnosis.cause.id if diagnosis.cause else None,
        "outside": diagnosis.evidence.outside,
        "inside": diagnosis.evidence.inside,
        "mail": change.mail,
        "failures": memory.incident.failures,
        "repairs": [f"{repair.step}: {repair.outcome}" for repair in memory.incident.repairs],
        "milliseconds": outside.milliseconds,
    }
    LOGGER.info("health", extra=seen | {"failing": failing_lines(diagnosis.checks)})
    if attempts.errors:
        raise HealthCheckError("; ".join(map(str, attempts.errors)))
    return seen


def read_login(ssm: "SSMClient", parameter: str) -> Login | None:
    """``None`` is a finding, not an error: the diagnosis names it."""
    try:
        found = ssm.get_parameter(Name=parameter, WithDecryption=True)
    except (BotoCoreError, ClientError) as error:
        LOGGER.warning("the health user's password cannot be read", extra={"code": error_code(error)})
        return None
    return Login(HEALTH_USER, found["Parameter"]["Value"])
