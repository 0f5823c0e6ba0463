"""A changed user reaches the hosts at once: EventBridge starts the verb `sync-users` by Run Command.

https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-cwe.html
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RunCommandParameters.html
"""

import json

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.operations.policies import ring_statements
from stacks.settings.settings import Settings
from stacks.statements import HOST_TAG, allow, arn, service_for_this_account, service_role

# LabelParameterVersion, the other operation, changes no value.
_OPERATIONS = ("Create", "Update", "Delete")
# By then the hosts, which look every minute, know.
_LONGEST_DELAY = Duration.minutes(5)
_RETRIES = 10


def ring_on_user_changes(
    scope: Construct, name: str, *, settings: Settings, document: ssm.CfnDocument, lost: sqs.Queue
) -> None:
    """The queue ``lost`` gets the changes that could not reach the hosts within five minutes."""
    ringer = service_role(
        scope,
        f"{name}Role",
        service_for_this_account("events.amazonaws.com"),
        "ring",
        ring_statements(domain_name=settings.domain_name, document=document),
    )
    rule = events.CfnRule(
        scope,
        name,
        description=f"{settings.domain_name}: users changed",
        event_pattern={
            "source": ["aws.ssm"],
            "detail-type": ["Parameter Store Change"],
            "detail": {"name": [{"prefix": f"{settings.parameter_path}/users/"}], "operation": list(_OPERATIONS)},
        },
        targets=[
            events.CfnRule.TargetProperty(
                id="Hosts",
                arn=arn("ssm", f"document/{document.ref}"),
                role_arn=ringer.role_arn,
                # A document's parameters are lists.
                input=json.dumps({"verb": ["sync-users"]}),
                run_command_parameters=events.CfnRule.RunCommandParametersProperty(
                    run_command_targets=[
                        events.CfnRule.RunCommandTargetProperty(key=f"tag:{HOST_TAG}", values=[settings.domain_name])
                    ]
                ),
                retry_policy=events.CfnRule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=_LONGEST_DELAY.to_seconds(), maximum_retry_attempts=_RETRIES
                ),
                dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=lost.queue_arn),
            )
        ],
    )
    # EventBridge does not send a rule's dead letters in the rule's role, so the queue's policy allows it.
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    lost.add_to_resource_policy(
        allow(
            "LostUserChanges",
            ["sqs:SendMessage"],
            [lost.queue_arn],
            {"ArnEquals": {"aws:SourceArn": rule.attr_arn}},
            principal=iam.ServicePrincipal("events.amazonaws.com"),
        )
    )
