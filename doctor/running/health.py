"""Whether the registry serves: the health check's own look from outside and inside, with its causes and cures."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

from botocore.exceptions import ClientError

from doctor import deployment
from doctor.account import Account
from doctor.finding import Finding, Outcome
from doctor.refusals import code, is_denial, sentence
from lambdas.judge.diagnosis import diagnose
from lambdas.judge.sight import Inside, Sight, read_inside
from lambdas.see.probe import Endpoint, Login, probe
from lambdas.see.run_command import DIAGNOSIS_SECONDS, Doorbell, ask

SUBJECT = "health"
HEALTH_LOGIN = "health login"
INSIDE = "host"


def look_for_login(account: Account) -> tuple[Login | None, Finding]:
    """The health check's user, read with your permissions."""
    name = f"{account.settings.parameter_path}/users/pull/health"
    expected = f"the password in {name}"
    try:
        found = account.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    except ClientError as error:
        if is_denial(error):
            return None, Finding(HEALTH_LOGIN, Outcome.UNKNOWN, f"could not look: {sentence(error)}", expected)
        if code(error) == "ParameterNotFound":
            cure = "The health check cannot log in. Create the parameter with a long password."
            return None, Finding(HEALTH_LOGIN, Outcome.FAILURE, "there is no such parameter", expected, cure)
        raise
    return Login("health", found), Finding(HEALTH_LOGIN, Outcome.OK, "readable", expected)


def look_inside(account: Account) -> tuple[Inside | None, Finding]:
    """Ask the host for its own diagnosis, by Run Command."""
    expected = "the host's own diagnosis"
    documents = deployment.resources(account.client("cloudformation"), account.deployment, "AWS::SSM::Document")
    if not documents:
        cure = "Run `npx cdk deploy --all`: it makes the operations stack."
        return None, Finding(INSIDE, Outcome.WARNING, "there is no document to ask the host with", expected, cure)
    doorbell = Doorbell(documents[0], account.settings.domain_name)
    try:
        reply = ask(account.client("ssm"), doorbell, "diagnose", wait_seconds=DIAGNOSIS_SECONDS)
    except ClientError as error:
        return None, Finding(INSIDE, Outcome.UNKNOWN, f"could not look: {sentence(error)}", expected)
    return read_inside(reply), Finding(INSIDE, Outcome.OK, "asked", expected)


def judge(sight: Sight, runbook: str) -> Iterator[Finding]:
    """One line a check. The first that fails brings the cure of the cause that explains all of them."""
    diagnosis = diagnose(sight)
    cause, bad = diagnosis.cause, Outcome.FAILURE if diagnosis.is_down else Outcome.WARNING
    cure = f"{cause.title}. {cause.remedy} ({runbook}#{cause.anchor})" if cause else ""
    for check in diagnosis.checks:
        # look_for_login() says more about it.
        if check.name == HEALTH_LOGIN:
            continue
        if check.ok:
            yield Finding(check.name, Outcome.OK, check.actual, check.expected)
        else:
            yield Finding(check.name, bad, check.actual, check.expected, cure)
            cure = "The cure of the line above."


def check(account: Account) -> list[Finding]:
    login, about_login = look_for_login(account)
    endpoint = Endpoint(account.settings.domain_name, account.deployment.address)
    outside = probe(endpoint, login, trust=ssl.create_default_context())
    inside, about_inside = look_inside(account)
    sight = Sight(account.deployment.address, outside, inside, datetime.now(UTC))
    runbook = account.settings.runbook_url or "docs/runbook.md"
    return [*judge(sight, runbook), about_login, *([about_inside] if inside is None else [])]
