"""Rings the hosts when a user's parameter changes: EventBridge asks Run Command for `sync-users`, with nothing between.

https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-cwe.html
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RunCommandParameters.html
"""

import json

from aws_cdk import Aws, Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.host.role import HOST_TAG
from stacks.operations.policies import arn, ring_statements

# LabelParameterVersion, the other operation, changes no value.
_OPERATIONS = ("Create", "Update", "Delete")
# By then the hosts have looked by themselves many times.
_LONGEST_DELAY = Duration.minutes(5)
_RETRIES = 10


def ring_on_user_changes(
    scope: Construct,
    name: str,
    *,
    domain_name: str,
    parameter_path: str,
    document: ssm.CfnDocument,
    lost: sqs.Queue,
) -> None:
    """Changes that the hosts could not be told within five minutes end in the queue ``lost``."""
    role = iam.Role(
        scope,
        f"{name}Role",
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html
        assumed_by=iam.ServicePrincipal(
            "events.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        ),
        inline_policies={
            "ring": iam.PolicyDocument(statements=ring_statements(domain_name=domain_name, document=document))
        },
    )
    rule = events.CfnRule(
        scope,
        name,
        description=f"{domain_name}: users changed",
        event_pattern={
            "source": ["aws.ssm"],
            "detail-type": ["Parameter Store Change"],
            "detail": {
                "name": [{"prefix": f"{parameter_path}/users/"}],
                "operation": list(_OPERATIONS),
            },
        },
        targets=[
            events.CfnRule.TargetProperty(
                id="Hosts",
                arn=arn("ssm", f"document/{document.ref}"),
                role_arn=role.role_arn,
                # A document's parameters are lists.
                input=json.dumps({"verb": ["sync-users"]}),
                run_command_parameters=events.CfnRule.RunCommandParametersProperty(
                    run_command_targets=[
                        events.CfnRule.RunCommandTargetProperty(key=f"tag:{HOST_TAG}", values=[domain_name])
                    ]
                ),
                retry_policy=events.CfnRule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=_LONGEST_DELAY.to_seconds(), maximum_retry_attempts=_RETRIES
                ),
                dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=lost.queue_arn),
            )
        ],
    )
    # A rule's dead letters are not sent in its role: the queue has to let EventBridge.
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    lost.add_to_resource_policy(
        iam.PolicyStatement(
            sid="LostUserChanges",
            principals=[iam.ServicePrincipal("events.amazonaws.com")],
            actions=["sqs:SendMessage"],
            resources=[lost.queue_arn],
            conditions={"ArnEquals": {"aws:SourceArn": rule.attr_arn}},
        )
    )
