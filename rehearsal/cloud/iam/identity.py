"""Who holds an access key: the administrator, a user, or a session of a role."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.core.utils import utcnow
from moto.iam.models import IAMBackend, iam_backends
from moto.sts.models import AssumedRole, STSBackend, sts_backends
from moto.utilities.utils import get_partition

from rehearsal.cloud.core.patches import Patches
from rehearsal.cloud.core.values import AccessKey, Place

ADMINISTRATOR = "administrator"
SESSION = timedelta(hours=6)
# The metadata service has new credentials at least five minutes before the old ones expire (EC2 user guide).
RENEW_BEFORE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Caller:
    """policies: JSON documents; boundary: the permissions boundary's document."""

    arn: str
    secret: str
    session_token: str | None
    expires: datetime | None
    policies: tuple[str, ...]
    session_policy: str | None
    role_arn: str | None
    tags: dict[str, str]


def create_administrator(place: Place) -> AccessKey:
    iam = _iam(place)
    iam.create_user(place.region, ADMINISTRATOR)
    iam.put_user_policy(
        ADMINISTRATOR,
        "everything",
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
    )
    key = iam.create_access_key(ADMINISTRATOR)
    return AccessKey(key.access_key_id, key.secret_access_key)


def caller(place: Place, access_key_id: str) -> Caller | None:
    iam = _iam(place)
    for user in iam.users.values():
        for key in user.access_keys:
            if key.access_key_id == access_key_id and key.status == "Active":
                documents = [*user.policies.values(), *_attached(user)]
                for group in iam.get_groups_for_user(user.name):
                    documents += [*group.policies.values(), *_attached(group)]
                return Caller(
                    arn=user.arn,
                    secret=key.secret_access_key,
                    session_token=None,
                    expires=None,
                    policies=tuple(map(_json, documents)),
                    session_policy=None,
                    role_arn=None,
                    tags={},
                )
    session = _session(place, access_key_id)
    return _session_caller(iam, session) if session else None


def role_session(place: Place, role_arn: str, session_name: str) -> AssumedRole:
    """Credentials for a service that acts in a role, such as the metadata service of an instance."""
    return sts_backends[place.account][get_partition(place.region)].assume_role(
        region_name=place.region,
        role_session_name=session_name,
        role_arn=role_arn,
        policy="",
        duration=int(SESSION.total_seconds()),
        external_id="",
    )


def announce_sessions(patches: Patches, announce: Callable[[str, str], None]) -> None:
    """Call announce(key id, secret) for every session, whoever asked for it."""

    def assume_role(self: STSBackend, *args: Any, **kwargs: Any) -> AssumedRole:
        session: AssumedRole = original(self, *args, **kwargs)
        announce(session.access_key_id, session.secret_access_key)
        return session

    original = patches.replace(STSBackend, "assume_role", assume_role)


def is_fresh(session: AssumedRole) -> bool:
    return bool(_aware(session.expiration) - _aware(utcnow()) > RENEW_BEFORE)


def metadata_document(session: AssumedRole) -> dict[str, Any]:
    """iam/security-credentials/ROLE of the metadata service."""
    expires = _aware(session.expiration)
    return {
        "Code": "Success",
        "LastUpdated": (expires - SESSION).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Type": "AWS-HMAC",
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "Token": session.session_token,
        "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _session(place: Place, access_key_id: str) -> AssumedRole | None:
    sts = sts_backends[place.account][get_partition(place.region)]
    return next((each for each in sts.assumed_roles if each.access_key_id == access_key_id), None)


def _session_caller(iam: IAMBackend, session: AssumedRole) -> Caller | None:
    role = next((each for each in iam.roles.values() if each.arn == session.role_arn), None)
    if role is None:
        return None
    return Caller(
        arn=session.arn,
        secret=session.secret_access_key,
        session_token=session.session_token,
        expires=_aware(session.expiration),
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


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _iam(place: Place) -> IAMBackend:
    return iam_backends[place.account][get_partition(place.region)]
