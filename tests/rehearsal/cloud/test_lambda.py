"""Lambda runs a function in its role, reports the result, and keeps the log if the role may write it."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.cloud_account import Account, allow
from tests.support.cloud_functions import FAILED, Runtime, function_resources
from tests.support.waiting import until


@pytest.fixture
def account(running: Account) -> Iterator[Account]:
    yield running
    running.delete("function")


def deploy(account: Account, *, may_log: bool = True, **resources: Any) -> None:
    template = {"Resources": {**function_resources(may_log=may_log), **resources}}
    assert account.create("function", template) == "CREATE_COMPLETE"


def test_a_run_answers_with_the_functions_result(account: Account, runtime: Runtime) -> None:
    deploy(account)
    answer = account.client("lambda").invoke(FunctionName="check", Payload=b'{"a": 1}')
    assert json.loads(answer["Payload"].read()) == {"ok": True}
    assert "FunctionError" not in answer
    ((function, payload),) = runtime.asked
    assert payload == '{"a": 1}'
    assert (function.handler, function.environment["COLOUR"]) == ("code.check_health", "blue")


def test_a_failed_run_answers_with_a_function_error(account: Account, runtime: Runtime) -> None:
    deploy(account)
    runtime.failures = 1
    answer = account.client("lambda").invoke(FunctionName="check")
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"].read().decode() == FAILED


def test_a_function_acts_in_its_role(account: Account, runtime: Runtime) -> None:
    deploy(account)
    account.client("lambda").invoke(FunctionName="check")
    function, _ = runtime.asked[0]
    keys = {name.lower(): value for name, value in function.credentials.items()}
    assert account.client("sts", **keys).get_caller_identity()["Arn"].endswith("/check")
    with pytest.raises(ClientError, match="AccessDenied"):
        account.client("s3", **keys).list_buckets()


def test_invoking_an_unknown_function_is_refused(account: Account, runtime: Runtime) -> None:
    deploy(account)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        account.client("lambda").invoke(FunctionName="other")
    assert runtime.asked == []


def test_invoking_needs_a_permission_on_the_function(account: Account, runtime: Runtime) -> None:
    deploy(account)
    arn = "arn:aws:lambda:us-east-1:123456789012:function"
    stranger = account.client_of_user("lambda", allow("lambda:InvokeFunction", f"{arn}:other"))
    with pytest.raises(ClientError, match="AccessDenied"):
        stranger.invoke(FunctionName="check")
    assert runtime.asked == []
    account.client_of_user("lambda", allow("lambda:InvokeFunction", f"{arn}:check")).invoke(FunctionName="check")
    assert len(runtime.asked) == 1


@pytest.mark.parametrize(("configured", "runs"), [({}, 3), ({"MaximumRetryAttempts": 0}, 1)])
def test_a_failed_asynchronous_run_is_retried(account: Account, runtime: Runtime, configured: Any, runs: int) -> None:
    properties = {"FunctionName": {"Ref": "Function"}, "Qualifier": "$LATEST", **configured}
    deploy(account, Retries={"Type": "AWS::Lambda::EventInvokeConfig", "Properties": properties})
    runtime.failures = 100
    answer = account.client("lambda").invoke(FunctionName="check", InvocationType="Event")
    assert answer["StatusCode"] == 202
    until(lambda: len(runtime.asked) >= runs)
    # One more would come at once.
    time.sleep(0.2)
    assert len(runtime.asked) == runs


def messages(account: Account) -> list[str]:
    events = account.client("logs").filter_log_events(logGroupName="log")["events"]
    return [each["message"] for each in events]


def test_a_log_goes_into_the_functions_own_group(account: Account, runtime: Runtime) -> None:
    deploy(account)
    runtime.log = ("START", "hello", "END")
    account.client("lambda").invoke(FunctionName="check")
    assert messages(account) == ["START", "hello", "END"]


def test_a_role_without_log_permissions_leaves_no_log(account: Account, runtime: Runtime) -> None:
    deploy(account, may_log=False)
    runtime.log = ("hello",)
    account.client("lambda").invoke(FunctionName="check")
    assert messages(account) == []
