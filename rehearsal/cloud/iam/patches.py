"""What IAM and STS do otherwise than moto: every call is authenticated and authorised."""

import logging
from typing import Any

from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.responses import ActionResult, BaseResponse
from moto.iam.exceptions import NotFoundException
from moto.iam.responses import IamResponse
from moto.s3.responses import S3Response
from moto.sts.models import AssumedRole, STSBackend

from rehearsal.cloud.core.patches import Patches
from rehearsal.cloud.core.regions import Regions
from rehearsal.cloud.iam.gate import refused
from rehearsal.cloud.iam.policy import Decision

log = logging.getLogger(__name__)


def patch(patches: Patches, regions: Regions) -> None:
    @patches.replace(
        ActionAuthenticatorMixin,
        because='moto lets everybody do everything unless told otherwise, and then knows only Resource "*"',
    )
    def _authenticate_and_authorize_normal_action(self: BaseResponse, resource: str = "*") -> None:  # noqa: ARG001
        regions.of(self.region).gate.check(self)

    @patches.replace(ActionAuthenticatorMixin, because="the same for S3, whose protocol has no operations")
    def _authenticate_and_authorize_s3_action(
        self: S3Response, bucket_name: str | None = None, key_name: str | None = None
    ) -> None:
        regions.of(self.region).gate.check_s3(self, bucket_name, key_name)

    @patches.wrap(
        BaseResponse,
        because="moto answers 500 for an operation that it does not have, and every SDK tries that again for a minute",
    )
    def call_action(original: Any, self: BaseResponse) -> Any:
        try:
            return original(self)
        except NotImplementedError as missing:
            log.warning("the rehearsal's AWS has no %s:%s", self.boto3_service_name, self._get_action())
            answer = refused(self, "InvalidAction", str(missing))
            return answer.code, {**self.response_headers, "status": answer.code}, answer.get_body()

    @patches.add(IamResponse, because="moto has no SimulatePrincipalPolicy")
    def simulate_principal_policy(self: IamResponse) -> ActionResult:
        source = self._get_param("PolicySourceArn")
        authority = regions.here.authority
        decisions = {action: authority.simulate(source, action) for action in self._get_param("ActionNames")}
        if None in decisions.values():
            raise NotFoundException(f"{source} does not exist")
        return ActionResult(
            {"EvaluationResults": [_evaluation(action, each) for action, each in decisions.items() if each]}
        )

    @patches.wrap(STSBackend, because="another S3 server may hold the objects: it has to know each session's key")
    def assume_role(original: Any, self: STSBackend, *args: Any, **kwargs: Any) -> AssumedRole:
        session: AssumedRole = original(self, *args, **kwargs)
        regions.here.buckets.on_access_key(session.access_key_id, session.secret_access_key)
        return session


def _evaluation(action: str, decision: Decision) -> dict[str, Any]:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html"""
    denied = "explicitDeny" if decision.denied_explicitly else "implicitDeny"
    return {
        "EvalActionName": action,
        "EvalResourceName": "*",
        "EvalDecision": "allowed" if decision.allowed else denied,
        "OrganizationsDecisionDetail": {"AllowedByOrganizations": not decision.denied_by_organization},
    }
