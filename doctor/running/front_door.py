"""The registry as a client sees it, with the health check's own eyes and its causes."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

from botocore.exceptions import ClientError

from doctor.account import Account
from doctor.finding import Finding, Outcome
from doctor.refusals import code, is_denial, sentence
from lambdas.judge.diagnosis import diagnose
from lambdas.judge.sight import Sight
from lambdas.see.probe import Endpoint, Login, Outside, probe

HEALTH_LOGIN = "health login"


def look(account: Account, login: Login | None) -> Outside:
    endpoint = Endpoint(account.settings.domain_name, account.deployment.address)
    return probe(endpoint, login, trust=ssl.create_default_context())


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


def judge(sight: Sight, runbook: str) -> Iterator[Finding]:
    """One line a check. The first that fails brings the cure of the cause that explains all of them."""
    diagnosis = diagnose(sight)
    cause = diagnosis.cause
    cure = f"{cause.title}. {cause.remedy} ({runbook}#{cause.anchor})" if cause else ""
    for check in diagnosis.checks:
        # Its own line comes from look_for_login().
        if check.name == HEALTH_LOGIN:
            continue
        outcome = Outcome.OK if check.ok else Outcome.FAILURE
        yield Finding(check.name, outcome, check.actual, check.expected, "" if check.ok else cure)
        if not check.ok:
            cure = ""


def check(account: Account) -> list[Finding]:
    login, found = look_for_login(account)
    outside = look(account, login)
    sight = Sight(account.deployment.address, outside, None, datetime.now(UTC))
    return [*judge(sight, account.settings.runbook_url or "docs/runbook.md"), found]
