"""A function that EventBridge Scheduler starts again and again, and says what time it is."""

import json

from aws_cdk import Aws, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

# https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
_INPUT = json.dumps({"now": "<aws.scheduler.scheduled-time>"})


def add_schedule(
    scope: Construct,
    name: str,
    *,
    expression: str,
    time_zone: str,
    function: functions.IFunction,
    lost: sqs.IQueue,
    flexible_minutes: int,
    longest_delay: Duration,
    retries: int,
) -> None:
    """Runs that could not be started within ``longest_delay`` end in the queue ``lost``."""
    role = iam.Role(
        scope,
        f"{name}ScheduleRole",
        assumed_by=iam.ServicePrincipal(
            "scheduler.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        ),
        inline_policies={
            "schedule": iam.PolicyDocument(
                statements=[
                    iam.PolicyStatement(
                        sid="Start", actions=["lambda:InvokeFunction"], resources=[function.function_arn]
                    ),
                    iam.PolicyStatement(sid="Lose", actions=["sqs:SendMessage"], resources=[lost.queue_arn]),
                ]
            )
        },
    )
    scheduler.CfnSchedule(
        scope,
        f"{name}Schedule",
        schedule_expression=expression,
        schedule_expression_timezone=time_zone,
        flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(
            mode="FLEXIBLE", maximum_window_in_minutes=flexible_minutes
        ),
        target=scheduler.CfnSchedule.TargetProperty(
            arn=function.function_arn,
            role_arn=role.role_arn,
            input=_INPUT,
            retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                maximum_event_age_in_seconds=longest_delay.to_seconds(), maximum_retry_attempts=retries
            ),
            dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=lost.queue_arn),
        ),
    )
