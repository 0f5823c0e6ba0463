"""Names that a deployment would share with another registry: stacks, and the domain's users in Parameter Store."""

from collections.abc import Iterator

from doctor.account import Account
from doctor.deployment import Deployment, Stack
from doctor.finding import Finding, Outcome

SUBJECT = "stack names"
USERS = "users of the domain"


def judge(deployment: Deployment, name_prefix: str, domain_name: str) -> Finding:
    expected = f"{name_prefix}-… free, or this registry's"
    for seen, cure in _collisions(deployment, domain_name):
        return Finding(SUBJECT, Outcome.FAILURE, seen, expected, cure)
    if not deployment.own:
        return Finding(SUBJECT, Outcome.OK, "free", expected)
    if [stack.name.rpartition("-")[2] for stack in deployment.own] == ["storage"]:
        cure = "Its images and certificates are used again. For an empty registry, choose another name_prefix."
        seen = f"{deployment.own[0].name} of an earlier registry is there"
        return Finding(SUBJECT, Outcome.WARNING, seen, expected, cure)
    return Finding(SUBJECT, Outcome.OK, f"{len(deployment.own)} stacks of this registry", expected)


def _collisions(deployment: Deployment, domain_name: str) -> Iterator[tuple[str, str]]:
    another = "Choose another name_prefix."
    foreign = [stack for stack in deployment.own if not stack.is_of_a_registry and stack.status != "REVIEW_IN_PROGRESS"]
    for stack in foreign:
        yield f"{stack.name} is not a registry's", another
    for stack in deployment.own:
        if stack.domain_name and stack.domain_name != domain_name:
            yield f"{stack.name} is the registry {stack.domain_name}", f"A deployment would rename it. {another}"
    for stack in deployment.others:
        if stack.domain_name == domain_name:
            cure = f"Destroy that registry, or set name_prefix to {stack.name.removesuffix('-dns')}."
            yield f"{stack.name} is already the registry {domain_name}", cure


def look_for_users(account: Account) -> tuple[str, ...]:
    """``push/anna``, say. No value is read."""
    path = f"{account.settings.parameter_path}/users"
    pages = account.client("ssm").get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True)
    return tuple(row["Name"].removeprefix(f"{path}/") for page in pages for row in page["Parameters"])


def judge_users(users: tuple[str, ...], host: Stack | None, parameter_path: str) -> Finding:
    expected = "none before the first deployment" if host is None else "at least one"
    seen = f"{len(users)}: {', '.join(users[:5])}{' …' if len(users) > 5 else ''}" if users else "none"
    if users and host is None:
        cure = f"They can log in to the new registry. Delete the parameters below {parameter_path} to begin anew."
        return Finding(USERS, Outcome.WARNING, seen, expected, cure)
    if not users and host is not None:
        cure = f"Nobody can log in. Create a parameter {parameter_path}/users/push/NAME (docs/users.md)."
        return Finding(USERS, Outcome.FAILURE, seen, expected, cure)
    return Finding(USERS, Outcome.OK, seen, expected)


def check(account: Account) -> list[Finding]:
    settings, deployment = account.settings, account.deployment
    return [judge(deployment, settings.name_prefix, settings.domain_name)]


def check_users(account: Account) -> list[Finding]:
    host = account.deployment.stack("host")
    return [judge_users(look_for_users(account), host, account.settings.parameter_path)]
