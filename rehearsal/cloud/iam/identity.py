"""Access keys and their owners: the administrator, users, and sessions of roles."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.iam.models import IAMBackend, iam_backends
from moto.sts.models import AssumedRole, sts_backends

from rehearsal.cloud.core.scope import Scope

ADMINISTRATOR = "administrator"
SESSION = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class AccessKey:
    id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Caller:
    """The owner of an access key; policies are JSON documents."""

    arn: str
    secret: str
    policies: tuple[str, ...]
    session_token: str | None = None
    expires: datetime | None = None
    session_policy: str | None = None
    role_arn: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


def create_administrator(scope: Scope) -> AccessKey:
    iam = scope.wide(iam_backends)
    iam.create_user(scope.region, ADMINISTRATOR)
    iam.put_user_policy(
        ADMINISTRATOR,
        "everything",
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
    )
    key = iam.create_access_key(ADMINISTRATOR)
    return AccessKey(key.access_key_id, key.secret_access_key)


def caller(scope: Scope, access_key_id: str) -> Caller | None:
    iam = scope.wide(iam_backends)
    for user in iam.users.values():
        for key in user.access_keys:
            if key.access_key_id == access_key_id and key.status == "Active":
                documents = [*user.policies.values(), *_attached(user)]
                for group in iam.get_groups_for_user(user.name):
                    documents += [*group.policies.values(), *_attached(group)]
                return Caller(user.arn, key.secret_access_key, tuple(map(_json, documents)))
    sessions = scope.wide(sts_backends).assumed_roles
    session = next((each for each in sessions if each.access_key_id == access_key_id), None)
    return _session_caller(iam, session) if session else None


def role_session(scope: Scope, role_arn: str, session_name: str) -> AssumedRole:
    """Credentials for a service that acts in a role, such as the metadata service of an instance."""
    return scope.wide(sts_backends).assume_role(
        region_name=scope.region,
        role_session_name=session_name,
        role_arn=role_arn,
        policy="",
        duration=int(SESSION.total_seconds()),
        external_id="",
    )


def _session_caller(iam: IAMBackend, session: AssumedRole) -> Caller | None:
    role = next((each for each in iam.roles.values() if each.arn == session.role_arn), None)
    if role is None:
        return None
    return Caller(
        arn=session.arn,
        secret=session.secret_access_key,
        session_token=session.session_token,
        expires=aware(session.expiration),
        policies=tuple(map(_json, (*role.policies.values(), *_attached(role)))),
        session_policy=session.policy or None,
        role_arn=role.arn,
        tags={str(tag["Key"]): str(tag["Value"]) for tag in role.tags or []},
    )


def _attached(holder: Any) -> list[str]:
    return [
        next(version.document for version in policy.versions if version.is_default)
        for policy in holder.managed_policies.values()
    ]


def _json(document: Any) -> str:
    # moto keeps a document as CloudFormation or the API brought it.
    return document if isinstance(document, str) else json.dumps(document)


def aware(moment: datetime) -> datetime:
    # moto keeps a moment from the API without its time zone.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
