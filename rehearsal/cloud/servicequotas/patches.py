"""What Service Quotas does otherwise than moto: it knows this account, is impatient, and its quotas bind."""

import json
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.internet_gateways import InternetGatewayBackend
from moto.ec2.models.vpcs import VPCBackend
from moto.servicequotas.responses import ServiceQuotasResponse

from rehearsal.cloud.core.patches import Patches
from rehearsal.cloud.core.regions import Regions
from rehearsal.cloud.servicequotas.quotas import DEFAULTS, GATEWAYS, VPCS

BINDS = "moto has no limits, and AWS refuses the one too many"


def patch(patches: Patches, regions: Regions) -> None:
    quotas = regions.here.quotas

    def answer(response: ServiceQuotasResponse, *, default: bool) -> str:
        asked = json.loads(response.body)
        quota = (asked["ServiceCode"], asked["QuotaCode"])
        known = DEFAULTS if default else quotas.changed
        if quota not in known:
            raise JsonRESTError("NoSuchResourceException", f"The request failed because {quota[1]} does not exist.")
        return json.dumps({"Quota": {"ServiceCode": quota[0], "QuotaCode": quota[1], "Value": float(known[quota])}})

    @patches.replace(
        ServiceQuotasResponse,
        because="moto knows VPC's defaults alone; a quota that was never changed may be unknown by account, and a "
        "burst of questions is refused (API reference: NoSuchResourceException, TooManyRequestsException)",
    )
    def get_service_quota(response: ServiceQuotasResponse) -> str:
        if not quotas.asked:
            quotas.asked = True
            raise JsonRESTError("TooManyRequestsException", "Due to throttling, the request was denied.")
        return answer(response, default=False)

    @patches.add(ServiceQuotasResponse, because="moto has no GetAWSDefaultServiceQuota")
    def get_aws_default_service_quota(response: ServiceQuotasResponse) -> str:
        return answer(response, default=True)

    @patches.wrap(VPCBackend, because=BINDS)
    def create_vpc(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        if len(self.vpcs) >= quotas.limit(VPCS):
            raise EC2ClientError("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
        return original(self, *args, **kwargs)

    @patches.wrap(InternetGatewayBackend, because=BINDS)
    def create_internet_gateway(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        if len(self.internet_gateways) >= quotas.limit(GATEWAYS):
            raise EC2ClientError(
                "InternetGatewayLimitExceeded", "The maximum number of internet gateways has been reached."
            )
        return original(self, *args, **kwargs)
