"""Every resource type this CloudFormation knows; any other one fails its stack."""

from rehearsal.cloud.autoscaling.group_type import GroupType
from rehearsal.cloud.cloudformation.resource_type import ResourceType, moto_type
from rehearsal.cloud.cloudwatch.alarm_types import AlarmType, DashboardType
from rehearsal.cloud.cloudwatch.metric_filter_type import MetricFilterType
from rehearsal.cloud.ec2.compute_types import AddressType, LaunchTemplateType
from rehearsal.cloud.ec2.network_types import network_types
from rehearsal.cloud.events.event_types import EventRuleType
from rehearsal.cloud.iam.identity_types import ManagedPolicyType, RoleType
from rehearsal.cloud.lambda_.function_types import EventInvokeConfigType, FunctionType, PermissionType
from rehearsal.cloud.others.key_type import KeyType
from rehearsal.cloud.others.queue_types import QueuePolicyType, QueueType
from rehearsal.cloud.s3.buckets import Buckets
from rehearsal.cloud.s3.storage_types import BucketPolicyType, BucketType, LogGroupType
from rehearsal.cloud.scheduler.schedule_types import ScheduleGroupType, ScheduleType
from rehearsal.cloud.sns.topic_types import SubscriptionType, TopicPolicyType, TopicType
from rehearsal.cloud.ssm.document_type import DocumentType


class UnknownTypeError(Exception):
    pass


class ResourceTypes:
    def __init__(self, buckets: Buckets) -> None:
        self._own: dict[str, ResourceType] = {
            "AWS::AutoScaling::AutoScalingGroup": GroupType(),
            "AWS::EC2::LaunchTemplate": LaunchTemplateType(),
            "AWS::EC2::EIP": AddressType(),
            "AWS::Events::Rule": EventRuleType(),
            "AWS::IAM::Role": RoleType(),
            "AWS::IAM::ManagedPolicy": ManagedPolicyType(),
            "AWS::S3::Bucket": BucketType(buckets),
            "AWS::S3::BucketPolicy": BucketPolicyType(),
            "AWS::Logs::LogGroup": LogGroupType(),
            "AWS::Logs::MetricFilter": MetricFilterType(),
            "AWS::CloudWatch::Alarm": AlarmType(),
            "AWS::CloudWatch::Dashboard": DashboardType(),
            "AWS::KMS::Key": KeyType(),
            "AWS::Lambda::EventInvokeConfig": EventInvokeConfigType(),
            "AWS::Lambda::Function": FunctionType(buckets),
            "AWS::Lambda::Permission": PermissionType(),
            "AWS::SNS::Subscription": SubscriptionType(),
            "AWS::SNS::Topic": TopicType(),
            "AWS::SNS::TopicPolicy": TopicPolicyType(),
            "AWS::SQS::Queue": QueueType(),
            "AWS::SQS::QueuePolicy": QueuePolicyType(),
            "AWS::SSM::Document": DocumentType(),
            "AWS::Scheduler::Schedule": ScheduleType(),
            "AWS::Scheduler::ScheduleGroup": ScheduleGroupType(),
            **network_types(),
        }

    def named(self, name: str) -> ResourceType:
        found = self._own.get(name) or moto_type(name)
        if found is None:
            raise UnknownTypeError(
                f"{name} is a resource type the rehearsal's AWS does not have: add it in rehearsal/cloud"
            )
        return found
