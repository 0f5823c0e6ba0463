"""The two schedules: EventBridge Scheduler starts a function again and again, and passes it the time."""

import json

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_scheduler import CfnSchedule
from constructs import Construct

from stacks.operations.functions import Functions
from stacks.settings.settings import Settings
from stacks.statements import allow, service_for_this_account, service_role

# https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
_INPUT = json.dumps({"now": "<aws.scheduler.scheduled-time>"})


def add_schedules(scope: Construct, *, settings: Settings, functions: Functions, lost: sqs.IQueue) -> None:
    """The queue ``lost`` gets the runs that could not start within ``delay_minutes``."""

    def add(
        name: str, runs: str, function: lambda_.IFunction, *, flexible_minutes: int, delay_minutes: int, retries: int
    ) -> None:
        service = service_for_this_account("scheduler.amazonaws.com")
        start = allow("Start", ["lambda:InvokeFunction"], [function.function_arn])
        lose = allow("Lose", ["sqs:SendMessage"], [lost.queue_arn])
        starter = service_role(scope, f"{name}ScheduleRole", service, "schedule", [start, lose])
        window = CfnSchedule.FlexibleTimeWindowProperty(mode="FLEXIBLE", maximum_window_in_minutes=flexible_minutes)
        retry = CfnSchedule.RetryPolicyProperty(
            maximum_event_age_in_seconds=60 * delay_minutes, maximum_retry_attempts=retries
        )
        CfnSchedule(
            scope,
            f"{name}Schedule",
            schedule_expression=runs,
            schedule_expression_timezone=settings.schedule_time_zone,
            flexible_time_window=window,
            target=CfnSchedule.TargetProperty(
                arn=function.function_arn,
                role_arn=starter.role_arn,
                input=_INPUT,
                retry_policy=retry,
                dead_letter_config=CfnSchedule.DeadLetterConfigProperty(arn=lost.queue_arn),
            ),
        )

    # Certificate authorities are busiest at full hours of the first of a month.
    renewal = {"flexible_minutes": 60, "delay_minutes": 12 * 60, "retries": 10}
    # After the delay the next check is due, which sees the same.
    health = {"flexible_minutes": 1, "delay_minutes": 4, "retries": 2}
    add("Renewal", settings.renewal_schedule, functions.renewal, **renewal)
    add("Health", settings.health_schedule, functions.health, **health)
