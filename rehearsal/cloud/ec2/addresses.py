"""Elastic IPs a machine can really route."""

from ipaddress import IPv4Address
from typing import Any

from moto.ec2.exceptions import ResourceAlreadyAssociatedError
from moto.ec2.models.elastic_ip_addresses import ElasticAddress, ElasticAddressBackend
from moto.ec2.models.instances import Instance

from rehearsal.cloud.core.patches import Patches

FIRST = IPv4Address("10.77.0.100")
LAST = IPv4Address("10.77.0.199")


def patch(patches: Patches) -> None:
    _allocate_routable_addresses(patches)
    _reassociate_wholly(patches)
    _free_the_address_of_a_terminated_instance(patches)


def _allocate_routable_addresses(patches: Patches) -> None:
    # moto invents 127.x.y.z; the rehearsal routes these hundred.
    def allocate_address(
        self: Any,
        domain: str,  # noqa: ARG001  moto names it
        address: str | None = None,
        tags: dict[str, str] | None = None,
    ) -> ElasticAddress:
        taken = {eip.public_ip for eip in self.addresses}
        free = (str(IPv4Address(number)) for number in range(int(FIRST), int(LAST) + 1))
        chosen = address or next((ip for ip in free if ip not in taken), None)
        if chosen is None:
            raise RuntimeError(f"all Elastic IPs of the rehearsal are taken: {FIRST} to {LAST}")
        # Every address is for use in a VPC since EC2-Classic ended (EC2 user guide); moto still knows others.
        allocated: ElasticAddress = original(self, domain="vpc", address=chosen, tags=tags)
        return allocated

    original = patches.replace(ElasticAddressBackend, "allocate_address", allocate_address)


def _reassociate_wholly(patches: Patches) -> None:
    # AssociateAddress takes the address from the former instance, or not at all; moto leaves it on that one's
    # interface, and gives an interface's to any instance that asks.
    def associate_address(
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

    original = patches.replace(ElasticAddressBackend, "associate_address", associate_address)


def _free_the_address_of_a_terminated_instance(patches: Patches) -> None:
    # TerminateInstances disassociates the Elastic IP; moto keeps it on the dead instance.
    def terminate(self: Instance) -> Any:
        for eip in self.ec2_backend.addresses:
            if eip.instance is self or (eip.eni and eip.eni.instance is self):
                self.ec2_backend.disassociate_address(address=eip.public_ip)
        return original(self)

    original = patches.replace(Instance, "terminate", terminate)
