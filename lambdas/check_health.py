"""Lambda: looks at the registry as a client does, says what broke, repairs what it can, says it is over."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from lambdas.aws.clients import Aws, connect, publish
from lambdas.aws.hosts import find_hosts, replace_host
from lambdas.aws.state_store import Held, OvertakenError, read_state, write_state
from lambdas.aws.telemetry import LOGGER, METRICS, measure, scheduled_moment
from lambdas.environment import HealthEnvironment
from lambdas.judge.causes import RepairStep
from lambdas.judge.diagnosis import Diagnosis, Inside, Sight, diagnose, read_inside
from lambdas.judge.incident import Change, Repair, State, transition
from lambdas.judge.renewal import early_renewal_is_due
from lambdas.judge.repair import VERBS, next_step, read_repair, replaceable
from lambdas.see.probe import Login, Outside, Target, probe
from lambdas.see.run_command import Delivery, Reply, ask
from lambdas.tell.alert import failing_lines, write_alert
from lambdas.tell.measures import Measures, health_measures

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

HEALTH_USER = "health"
INSIDE_SECONDS = 45
# The verb's own limit is 50 s for what can be repaired.
REPAIR_SECONDS = 75
# As long as the function may run: whoever holds the lease after that has died.
LEASE = timedelta(minutes=4)

Ring = Callable[..., Reply]
# AWS refused, or could not be asked.
AwsError = BotoCoreError | ClientError


class HealthCheckError(Exception):
    """A part of the health check could not be done. Raised last, after everybody was told what was seen."""


@LOGGER.inject_lambda_context
@METRICS.log_metrics
def handler(event: Mapping[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return check(scheduled_moment(event), HealthEnvironment.read(), connect())


def check(
    now: datetime,
    environment: HealthEnvironment,
    aws: Aws,
    *,
    ring: Ring = ask,
    look: Callable[[Target, Login | None], Outside] = probe,
    record: Callable[[Measures], None] = measure,
) -> dict[str, Any]:
    faults: list[AwsError] = []
    held = read_state(aws.s3, environment.health_state, now)
    outside = look(environment.target, read_login(aws.ssm, environment.health_parameter))
    sight = Sight(environment.address, outside, look_inside(aws, environment, ring, faults), now)
    diagnosis = diagnose(sight)
    change = remembering(transition(held.state, diagnosis, now), sight, diagnosis)
    state = act(environment, aws, held, change, diagnosis, sight, ring, faults)
    renewal = read_state(aws.s3, environment.renewal_state, held.state.started_at).state
    record(health_measures(sight, diagnosis, state, renewal, count_receivers(aws, environment, faults)))
    seen = {
        "cause": diagnosis.cause.id if diagnosis.cause else None,
        "mail": change.mail,
        "failures": state.failures,
        "repairs": [f"{repair.step}: {repair.outcome}" for repair in state.repairs],
        "milliseconds": outside.milliseconds,
    }
    LOGGER.info("health", extra=seen | {"failing": failing_lines(diagnosis.checks)})
    if faults:
        raise HealthCheckError("; ".join(map(str, faults)))
    return seen


def read_login(ssm: "SSMClient", parameter: str) -> Login | None:
    try:
        found = ssm.get_parameter(Name=parameter, WithDecryption=True)
    except (BotoCoreError, ClientError) as error:
        LOGGER.warning("the health user's password cannot be read", extra={"code": _code(error)})
        return None
    return Login(HEALTH_USER, found["Parameter"]["Value"])


def look_inside(
    aws: Aws, environment: HealthEnvironment, ring: Ring, faults: list[AwsError]
) -> Inside | None:
    try:
        return read_inside(ring(aws.ssm, environment.doorbell, "diagnose", wait_seconds=INSIDE_SECONDS))
    except (BotoCoreError, ClientError) as error:
        faults.append(error)
        return None


def remembering(change: Change, sight: Sight, diagnosis: Diagnosis) -> Change:
    if diagnosis.cause or sight.facts.instance_id is None:
        return change
    return replace(change, settled=replace(change.settled, served_by=sight.facts.instance_id))


def act(
    environment: HealthEnvironment,
    aws: Aws,
    held: Held,
    change: Change,
    diagnosis: Diagnosis,
    sight: Sight,
    ring: Ring,
    faults: list[AwsError],
) -> State:
    """Repair, renew and tell, between two writes, of which only one run can do the first."""
    now, place = sight.now, environment.health_state
    step, host = choose_repair(environment, aws, change.claimed, diagnosis, now, faults)
    renews = early_renewal_is_due(sight.outside.served, held.state.renewal_at, now)
    if held.state.is_leased(now):
        LOGGER.warning("another run acts")
        return held.state
    try:
        if not (step or renews or change.mail):
            if change.settled != held.state:
                write_state(aws.s3, place, change.settled, held.etag)
            return change.settled
        change = entering(change, step, now)
        etag = write_state(aws.s3, place, replace(change.claimed, leased_until=now + LEASE), held.etag)
        if step:
            change = concluding(change, carry_out(environment, aws, step, host, ring, faults))
        if change.mail:
            host = sight.facts.instance_id or change.claimed.served_by
            message = write_alert(change, environment.place, diagnosis.checks, host=host, now=now)
            publish(aws.sns, environment.topic_arn, message)
        settled = replace(change.settled, leased_until=None)
        if renews:
            start_renewal(environment, aws, now)
            settled = replace(settled, renewal_at=now)
        write_state(aws.s3, place, settled, etag)
    except OvertakenError:
        LOGGER.warning("another run was quicker")
        return held.state
    return settled


def choose_repair(
    environment: HealthEnvironment,
    aws: Aws,
    failing: State,
    diagnosis: Diagnosis,
    now: datetime,
    faults: list[AwsError],
) -> tuple[RepairStep | None, str]:
    step = next_step(failing, diagnosis, now) if environment.repairs else None
    if step != RepairStep.INSTANCE:
        return step, ""
    try:
        host = replaceable(find_hosts(aws.autoscaling, environment.domain_name), failing, now)
    except (BotoCoreError, ClientError) as error:
        faults.append(error)
        return None, ""
    return (step, host) if host else (None, "")


def entering(change: Change, step: RepairStep | None, now: datetime) -> Change:
    """Each step is remembered before it is done: a run that dies in it does not do it twice."""
    if step is None:
        return change

    def entered(state: State) -> State:
        replaced_at = now if step == RepairStep.INSTANCE else state.replaced_at
        return replace(state, repairs=(*state.repairs, Repair(step, now)), replaced_at=replaced_at)

    return replace(change, claimed=entered(change.claimed), settled=entered(change.settled))


def concluding(change: Change, outcome: str) -> Change:
    def concluded(state: State) -> State:
        *earlier, last = state.repairs
        return replace(state, repairs=(*earlier, replace(last, outcome=outcome)))

    return replace(change, claimed=concluded(change.claimed), settled=concluded(change.settled))


def carry_out(
    environment: HealthEnvironment, aws: Aws, step: RepairStep, host: str, ring: Ring, faults: list[AwsError]
) -> str:
    """Whatever comes of it, the mail says so."""
    try:
        if step == RepairStep.INSTANCE:
            replace_host(aws.autoscaling, host)
            return f"{host} is being replaced"
        reply = ring(aws.ssm, environment.doorbell, VERBS[step], wait_seconds=REPAIR_SECONDS)
    except (BotoCoreError, ClientError) as error:
        faults.append(error)
        return f"refused: {_code(error)}"
    if reply.delivery != Delivery.ANSWERED:
        return reply.delivery
    return "; ".join(map(read_repair, reply.outputs))


def start_renewal(environment: HealthEnvironment, aws: Aws, now: datetime) -> None:
    aws.functions.invoke(
        FunctionName=environment.renewal_function,
        InvocationType="Event",
        Payload=json.dumps({"now": now.isoformat()}).encode(),
    )


def count_receivers(aws: Aws, environment: HealthEnvironment, faults: list[AwsError]) -> int | None:
    """Subscriptions that somebody has confirmed. An alert that no one receives is none."""
    try:
        attributes = aws.sns.get_topic_attributes(TopicArn=environment.topic_arn)["Attributes"]
    except (BotoCoreError, ClientError) as error:
        faults.append(error)
        return None
    return int(attributes.get("SubscriptionsConfirmed", "0"))


def _code(error: AwsError) -> str:
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
