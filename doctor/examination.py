"""All checks at once: each waits for AWS, DNS or the web, and none for another."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from botocore.exceptions import BotoCoreError, ClientError

from doctor import deployment
from doctor.account import DEFAULT_REGION, Account
from doctor.adopted import bucket, history, protection
from doctor.before import (
    bootstrap,
    credentials,
    instance_type,
    issuance,
    machine_image,
    names,
    permissions,
    public_access,
    quotas,
    records,
    registry_image,
    zone,
)
from doctor.finding import CouldNotLookError, Finding, Outcome
from doctor.refusals import sentence
from doctor.running import alerts, copies, health, hosts, stacks


@dataclass(frozen=True, slots=True)
class Check:
    """``subject`` begins the line if nothing could be looked at."""

    subject: str
    run: Callable[[Account], list[Finding]]


BEFORE = (
    Check(bootstrap.SUBJECT, bootstrap.check),
    Check(permissions.ROLE, permissions.check_role),
    Check(permissions.DRY_RUNS, permissions.check_calls),
    Check("quotas", quotas.check),
    Check(names.SUBJECT, names.check),
    Check(names.USERS, names.check_users),
    Check(public_access.SUBJECT, public_access.check),
    Check(instance_type.SUBJECT, instance_type.check),
    Check(machine_image.SUBJECT, machine_image.check),
    Check(registry_image.SUBJECT, registry_image.check),
    Check(zone.SUBJECT, zone.check),
    Check(records.RECORDS, records.check),
)
# With the setting image_bucket.
ADOPTED = (
    Check(bucket.REGION, bucket.check_region),
    Check(bucket.IMAGES, bucket.check_images),
    Check(protection.PUBLIC, protection.check_locks),
    Check(protection.ENCRYPTION, protection.check_encryption),
    Check(protection.TLS, protection.check_policy),
    Check(history.VERSIONS, history.check_versions),
    Check(history.RULES, history.check_rules),
)
# A registry that runs keeps its certificate in the state bucket.
FIRST = (Check(issuance.SUBJECT, issuance.check),)
# As soon as there is a stack: a broken one stops the next deployment.
LEFT = (Check(stacks.SUBJECT, stacks.check),)
RUNNING = (
    Check(hosts.HOSTS, hosts.check),
    Check(health.SUBJECT, health.check),
    Check(alerts.RECEIVERS, alerts.check),
    Check(copies.SUBJECT, copies.check),
)


def examine(account: Account) -> list[Finding]:
    identity = credentials.look(account)
    found = credentials.judge(identity, account.region)
    if identity.problem:
        return found
    known = replace(account, region=account.region or DEFAULT_REGION, id=identity.account_id)
    try:
        made = deployment.look(known.client("cloudformation"), known.settings.name_prefix)
    except (BotoCoreError, ClientError) as error:
        return [*found, _unknown(names.SUBJECT, sentence(error))]
    known = replace(known, deployment=made)
    # The CDK knows it, and its process answers one thread at a time. It is asked once.
    known.settings.architecture  # noqa: B018
    adopted = ADOPTED if known.settings.image_bucket else ()
    checks = (*BEFORE, *adopted, *(LEFT if made.own else ()), *(RUNNING if made.runs else FIRST))
    with ThreadPoolExecutor(len(checks)) as pool:
        return [*found, *(finding for each in pool.map(lambda check: _run(check, known), checks) for finding in each)]


def _run(check: Check, account: Account) -> list[Finding]:
    try:
        return check.run(account)
    except (BotoCoreError, ClientError) as error:
        return [_unknown(check.subject, sentence(error))]
    except CouldNotLookError as error:
        return [_unknown(check.subject, str(error))]


def _unknown(subject: str, because: str) -> Finding:
    return Finding(subject, Outcome.UNKNOWN, because if because.startswith("skipped") else f"could not look: {because}")
