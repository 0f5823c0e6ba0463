"""The credentials of an instance's role, as the metadata service hands them out."""

from datetime import UTC, datetime, timedelta
from typing import Any

from moto.sts.models import AssumedRole

from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.ec2 import observed
from rehearsal.cloud.iam import identity
from rehearsal.cloud.iam.authority import Authority

# The metadata service has new credentials at least five minutes before the old ones expire (EC2 user guide).
RENEW_BEFORE = timedelta(minutes=30)


class Credentials:
    def __init__(self, scope: Scope, authority: Authority) -> None:
        self._scope = scope
        self._authority = authority
        self._sessions: dict[str, AssumedRole] = {}

    def of(self, instance_id: str) -> dict[str, Any]:
        """iam/security-credentials/ROLE of the metadata service. Raises KeyError: the instance has no profile with a
        role."""
        session = self._sessions.get(instance_id)
        if session is None or identity.aware(session.expiration) - datetime.now(UTC) <= RENEW_BEFORE:
            role = observed.role_of(observed.named(self._scope, instance_id))
            if role is None:
                raise KeyError(f"{instance_id} has no instance profile with a role")
            if not self._authority.trusts_service(role.arn, "ec2.amazonaws.com"):
                return {
                    "Code": "AssumeRoleUnauthorizedAccess",
                    "Message": f"EC2 cannot assume the role {role.name}. Please see its trust policy.",
                }
            session = identity.role_session(self._scope, role.arn, instance_id)
            self._sessions[instance_id] = session
        expires = identity.aware(session.expiration)
        return {
            "Code": "Success",
            "LastUpdated": f"{expires - identity.SESSION:%Y-%m-%dT%H:%M:%SZ}",
            "Type": "AWS-HMAC",
            "AccessKeyId": session.access_key_id,
            "SecretAccessKey": session.secret_access_key,
            "Token": session.session_token,
            "Expiration": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
        }

    def may_report_to_ssm(self, instance_id: str) -> bool:
        try:
            key = str(self.of(instance_id)["AccessKeyId"])
        except (KeyError, StopIteration):
            return False
        arn = self._scope.arn("ec2", f"instance/{instance_id}")
        return self._authority.allows(key, "ssm:UpdateInstanceInformation", arn, {})
