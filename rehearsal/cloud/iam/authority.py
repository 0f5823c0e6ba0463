"""Whether a caller or a service may do something, by the policies of both sides."""

import json
from collections.abc import Iterable
from typing import Any

from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam import identity
from rehearsal.cloud.iam.identity import Caller
from rehearsal.cloud.iam.policy import Context, Decision, Resource, decide
from rehearsal.cloud.iam.request import Ask


class Authority:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        # The policies of the account's organization (SCPs), which bind every user and role of it.
        self.organization: list[str] = []

    def allows(self, access_key_id: str, action: str, resource_arn: str, context: Context) -> bool:
        caller = identity.caller(self._scope, access_key_id)
        return caller is not None and self.decide(caller, action, Resource(resource_arn), context).allowed

    def denied(self, role_arn: str, asks: Iterable[Ask]) -> tuple[str, Resource] | None:
        """The first action and resource that the role does not let a service, if there is one."""
        key = identity.role_session(self._scope, role_arn, "service").access_key_id
        for ask in asks:
            for resource in ask.resources:
                if not self.allows(key, ask.action, str(resource.arn), {**ask.context, **resource.context}):
                    return ask.action, resource
        return None

    def simulate(self, role_arn: str, action: str) -> Decision | None:
        """The decision on a call of the role, on any resource; None: there is no such role."""
        key = identity.role_session(self._scope, role_arn, "simulation").access_key_id
        caller = identity.caller(self._scope, key)
        return self.decide(caller, action, Resource("*"), {}) if caller else None

    def trusts_service(self, role_arn: str, service: str, context: Context | None = None) -> bool:
        """Whether a service such as ec2.amazonaws.com may act in the role; it gives the context."""
        document = self._trust_document(role_arn)
        return decide(
            [document], "sts:AssumeRole", Resource(None), context or {}, lambda named: _is_service(named, service)
        ).allowed

    def service_may(self, service: str, action: str, policy: str, arn: str, context: Context) -> bool:
        """Whether a service may act, by this policy of a topic, a queue or a key."""
        known = {
            "aws:securetransport": ("true",),
            "aws:resourceaccount": (self._scope.account,),
            "aws:requestedregion": (self._scope.region,),
            **context,
        }
        everybody = ("*", {"AWS": "*"})
        return decide(
            [policy], action, Resource(arn), known, lambda named: named in everybody or _is_service(named, service)
        ).allowed

    def decide(self, caller: Caller, action: str, resource: Resource, context: Context) -> Decision:
        known = {
            "aws:securetransport": ("true",),
            "aws:principalarn": (caller.role_arn or caller.arn,),
            "aws:principalaccount": (self._scope.account,),
            "aws:resourceaccount": (self._scope.account,),
            "s3:resourceaccount": (self._scope.account,),
            "aws:requestedregion": (self._scope.region,),
            **{f"aws:principaltag/{key.lower()}": (value,) for key, value in caller.tags.items()},
            **context,
        }
        if decide(self.organization, action, resource, known).denied_explicitly:
            return Decision(False, denied_explicitly=True, denied_by_organization=True)
        decision = decide(caller.policies, action, resource, known)
        if caller.session_policy and decision.allowed:
            decision = decide([caller.session_policy], action, resource, known)
        document = self._resource_policy(action, str(resource.arn))
        if document and not decision.denied_explicitly:
            of_resource = decide([document], action, resource, known, lambda named: self._is(caller, named))
            allowed = (decision.allowed or of_resource.allowed) and not of_resource.denied_explicitly
            return Decision(allowed, of_resource.denied_explicitly)
        return decision

    def _resource_policy(self, action: str, arn: str) -> str | bytes | None:
        """The policy of the bucket, topic or queue of the action, if it has one."""
        service, name = action.split(":")[0], arn.rsplit(":", 1)[-1]
        if service == "s3":
            bucket = self._scope.wide(s3_backends).buckets.get(name.split("/")[0])
            return bucket.policy if bucket else None
        if service == "sns":
            topic = self._scope.regional(sns_backends).topics.get(arn)
            return topic.policy if topic else None
        if service == "sqs":
            queue = self._scope.regional(sqs_backends).queues.get(name)
            found: str | None = queue.policy if queue else None
            return found
        return None

    def trusts(self, caller: Caller, role: Resource) -> Decision:
        document = self._trust_document(str(role.arn))
        known = {"aws:principalarn": (caller.role_arn or caller.arn,)}
        return decide([document], "sts:AssumeRole", Resource(None), known, lambda named: self._is(caller, named))

    def _is(self, caller: Caller, principal: Any) -> bool:
        """Whether a Principal element names the caller, or the whole account."""
        if principal == "*":
            return True
        named = principal.get("AWS", []) if isinstance(principal, dict) else []
        account = self._scope.account
        mine = {"*", account, f"arn:aws:iam::{account}:root", caller.arn, caller.role_arn}
        return bool(mine & set([named] if isinstance(named, str) else named))

    def _trust_document(self, role_arn: str) -> str:
        roles = self._scope.wide(iam_backends).roles.values()
        role = next((each for each in roles if each.arn == role_arn), None)
        document = role.assume_role_policy_document if role else '{"Statement": []}'
        return document if isinstance(document, str) else json.dumps(document)


def _is_service(principal: Any, service: str) -> bool:
    named = principal.get("Service", []) if isinstance(principal, dict) else []
    return service in ([named] if isinstance(named, str) else named)
