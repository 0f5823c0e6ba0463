"""A function in an emulated account that answers and logs what a test wants, and its schedule."""

import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import Any

from rehearsal.cloud.lambda_.functions import Function, Outcome
from tests.support.cloud_account import Account, allow, resource, role

ARN = {"Fn::GetAtt": ["Function", "Arn"]}
MAY_START = allow("lambda:InvokeFunction", ARN)
MAY_LOSE = allow("sqs:SendMessage", {"Fn::GetAtt": ["Lost", "Arn"]})
FAILED = '{"errorType": "ValueError", "errorMessage": "broken"}'


@dataclass(slots=True)
class Runtime:
    """Fails as often as it is told to. asked: the function and the payload of each run."""

    answer: str = '{"ok": true}'
    log: tuple[str, ...] = ()
    failures: int = 0
    asked: list[tuple[Function, str]] = field(default_factory=list)

    def __call__(self, function: Function, payload: str) -> Outcome:
        self.asked.append((function, payload))
        failed = len(self.asked) <= self.failures
        return Outcome(
            request_id=f"00000000-0000-0000-0000-{len(self.asked):012}",
            payload=FAILED if failed else self.answer,
            error="Unhandled" if failed else "",
            log=self.log,
            duration_milliseconds=12.5,
            init_milliseconds=100.0,
            memory_mib=64,
        )


def with_runtime(account: Account) -> Runtime:
    """Ready to deploy function_resources()."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as file:
        file.writestr("code.py", "")
    account.client("s3").create_bucket(Bucket="code")
    account.cloud.follow_objects(
        on_bucket_created=lambda _bucket: None,
        on_bucket_deleted=lambda _bucket: None,
        on_versioning=lambda _name, _status: None,
        on_access_key=lambda _id, _secret: None,
        read_object=lambda _bucket, _key: package.getvalue(),
        has_objects=lambda _bucket: False,
    )
    runtime = Runtime()
    account.cloud.engines.functions.run = runtime
    return runtime


def function_resources(*, may_log: bool = True) -> dict[str, Any]:
    """Function, its log group Log, and its role FunctionRole."""
    logging = allow(["logs:CreateLogStream", "logs:PutLogEvents"], {"Fn::GetAtt": ["Log", "Arn"]})
    return {
        "Log": resource("AWS::Logs::LogGroup", LogGroupName="log"),
        "FunctionRole": role("lambda.amazonaws.com", *([logging] if may_log else [])),
        "Function": resource(
            "AWS::Lambda::Function",
            FunctionName="check",
            Handler="code.check_health",
            Runtime="python3.13",
            Timeout=5,
            Code={"S3Bucket": "code", "S3Key": "code.zip"},
            Role={"Fn::GetAtt": ["FunctionRole", "Arn"]},
            Environment={"Variables": {"COLOUR": "blue"}},
            LoggingConfig={"LogGroup": {"Ref": "Log"}},
        ),
    }


def scheduled_function(*statements: dict[str, Any], may_log: bool = True, **properties: Any) -> dict[str, Any]:
    """A function with its schedule, the role ScheduleRole with these rights, and the dead-letter queue Lost."""
    schedule = {
        "ScheduleExpression": "rate(5 minutes)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": ARN,
            "RoleArn": {"Fn::GetAtt": ["ScheduleRole", "Arn"]},
            "Input": json.dumps({"now": "<aws.scheduler.scheduled-time>", "attempt": 1}),
            "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Lost", "Arn"]}},
        },
    }
    retries = {"FunctionName": {"Ref": "Function"}, "Qualifier": "$LATEST", "MaximumRetryAttempts": 1}
    return {
        **function_resources(may_log=may_log),
        "Lost": {"Type": "AWS::SQS::Queue"},
        "ScheduleRole": role("scheduler.amazonaws.com", *statements),
        "Schedule": resource("AWS::Scheduler::Schedule", **schedule | properties),
        "Retries": resource("AWS::Lambda::EventInvokeConfig", **retries),
    }
