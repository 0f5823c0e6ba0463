"""Every resource type this CloudFormation knows; any other one fails its stack."""

from rehearsal.cloud.buckets import Buckets
from rehearsal.cloud.compute_types import AddressType, LaunchTemplateType
from rehearsal.cloud.group_type import GroupType
from rehearsal.cloud.identity_types import ManagedPolicyType, RoleType
from rehearsal.cloud.network_types import network_types
from rehearsal.cloud.resource_type import ResourceType, moto_type
from rehearsal.cloud.storage_types import BucketPolicyType, BucketType, LogGroupType


class UnknownTypeError(Exception):
    pass


class ResourceTypes:
    def __init__(self, buckets: Buckets) -> None:
        self._own: dict[str, ResourceType] = {
            "AWS::AutoScaling::AutoScalingGroup": GroupType(),
            "AWS::EC2::LaunchTemplate": LaunchTemplateType(),
            "AWS::EC2::EIP": AddressType(),
            "AWS::IAM::Role": RoleType(),
            "AWS::IAM::ManagedPolicy": ManagedPolicyType(),
            "AWS::S3::Bucket": BucketType(buckets),
            "AWS::S3::BucketPolicy": BucketPolicyType(),
            "AWS::Logs::LogGroup": LogGroupType(),
            **network_types(),
        }

    def named(self, name: str) -> ResourceType:
        found = self._own.get(name) or moto_type(name)
        if found is None:
            raise UnknownTypeError(
                f"{name} is a resource type the rehearsal's AWS does not have: add it in rehearsal/cloud"
            )
        return found
