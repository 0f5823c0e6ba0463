"""What EC2 does otherwise than moto: Elastic IPs that a machine can really route."""

from ipaddress import IPv4Address
from typing import Any

from moto.ec2.exceptions import EC2ClientError, ResourceAlreadyAssociatedError
from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_ip_addresses import ElasticAddress, ElasticAddressBackend
from moto.ec2.models.instances import Instance
from moto.ec2.responses.vpcs import VPCs

from rehearsal.cloud.core.patches import Patches
from rehearsal.cloud.core.regions import Regions
from rehearsal.cloud.servicequotas.quotas import ADDRESSES

FIRST = IPv4Address("10.77.0.100")
LAST = IPv4Address("10.77.0.199")


def patch(patches: Patches, regions: Regions) -> None:
    @patches.wrap(
        ElasticAddressBackend,
        because="moto invents 127.x.y.z, the rehearsal routes a hundred addresses; "
        "every address is for use in a VPC since EC2-Classic ended (EC2 user guide); an account has a quota",
    )
    def allocate_address(
        original: Any,
        self: Any,
        domain: str,  # noqa: ARG001  moto names it
        address: str | None = None,
        tags: dict[str, str] | None = None,
    ) -> ElasticAddress:
        if len(self.addresses) >= regions.here.quotas.limit(ADDRESSES):
            raise EC2ClientError("AddressLimitExceeded", "The maximum number of addresses has been reached.")
        taken = {eip.public_ip for each in ec2_backends[self.account_id].values() for eip in each.addresses}
        free = (str(IPv4Address(number)) for number in range(int(FIRST), int(LAST) + 1))
        chosen = address or next((ip for ip in free if ip not in taken), None)
        if chosen is None:
            raise RuntimeError(f"all Elastic IPs of the rehearsal are taken: {FIRST} to {LAST}")
        allocated: ElasticAddress = original(self, domain="vpc", address=chosen, tags=tags)
        return allocated

    @patches.wrap(
        ElasticAddressBackend,
        because="AssociateAddress takes the address from the former instance, or not at all; moto leaves it on that "
        "one's interface, and gives an interface's to any instance that asks",
    )
    def associate_address(
        original: Any,
        self: Any,
        instance: Any = None,
        eni: Any = None,
        address: str | None = None,
        allocation_id: str | None = None,
        reassociate: bool = False,
    ) -> ElasticAddress:
        wanted = eni or (instance and instance.nics[0])
        for eip in self.addresses:
            if eip.eni and (eip.public_ip == address or eip.allocation_id == allocation_id):
                if not reassociate and eip.eni is not wanted:
                    raise ResourceAlreadyAssociatedError(eip.public_ip)
                self.disassociate_address(address=eip.public_ip)
        associated: ElasticAddress = original(self, instance, eni, address, allocation_id, reassociate)
        return associated

    @patches.wrap(VPCs, because="moto makes a VPC in a dry run, which makes nothing")
    def create_vpc(original: Any, self: VPCs) -> Any:
        self.error_on_dryrun()
        return original(self)

    @patches.wrap(Instance, because="TerminateInstances frees the Elastic IP; moto keeps it on the dead instance")
    def terminate(original: Any, self: Instance) -> Any:
        for eip in self.ec2_backend.addresses:
            if eip.instance is self or (eip.eni and eip.eni.instance is self):
                self.ec2_backend.disassociate_address(address=eip.public_ip)
        return original(self)
