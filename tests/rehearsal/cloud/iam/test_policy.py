"""Policies are evaluated as by IAM."""

import json
from typing import Any

import pytest

from rehearsal.cloud.iam.policy import Context, Decision, Resource, decide

OBJECT = Resource("arn:aws:s3:::images/a")


def allow(**elements: Any) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **elements}]})


def is_allowed(document: str, context: Context | None = None, action: str = "s3:GetObject") -> bool:
    return decide([document], action, OBJECT, context or {}).allowed


def test_an_action_without_a_statement_is_denied() -> None:
    assert decide([], "s3:GetObject", OBJECT, {}) == Decision(allowed=False)


def test_a_deny_outweighs_every_allow() -> None:
    deny = json.dumps({"Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}})
    assert decide([allow(), deny], "s3:GetObject", OBJECT, {}) == Decision(allowed=False, denied_explicitly=True)


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"Action": "s3:getobject"}, True),
        ({"Action": ["s3:Get*"]}, True),
        ({"Action": "s3:GetObject?"}, False),
        ({"NotAction": "s3:PutObject", "Action": []}, True),
        ({"Resource": "arn:aws:s3:::images"}, False),
        ({"Resource": "arn:aws:s3:::images/*"}, True),
        ({"Resource": "arn:aws:s3:::[i]mages/a"}, False),
        ({"NotResource": "arn:aws:s3:::images/*"}, False),
    ],
)
def test_elements_match_as_written(elements: dict[str, Any], expected: bool) -> None:
    assert is_allowed(allow(**elements)) == expected


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        ({"StringEquals": {"ssm:Overwrite": "false"}}, {"ssm:overwrite": ("false",)}, True),
        ({"StringEquals": {"ssm:Overwrite": "false"}}, {}, False),
        ({"StringEqualsIfExists": {"ssm:Overwrite": "false"}}, {}, True),
        ({"StringNotEquals": {"ssm:Overwrite": "true"}}, {}, True),
        ({"StringNotEquals": {"ssm:Overwrite": "true"}}, {"ssm:overwrite": ("true",)}, False),
        ({"StringLike": {"s3:prefix": "a/*"}}, {"s3:prefix": ("a/b",)}, True),
        ({"Bool": {"aws:SecureTransport": False}}, {"aws:securetransport": ("true",)}, False),
        ({"Null": {"aws:ResourceTag/x": "true"}}, {}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}, {"aws:tagkeys": ("a", "b")}, False),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}, {"aws:tagkeys": ("a", "b")}, True),
    ],
)
def test_conditions_hold_as_written(condition: dict[str, Any], context: Context, expected: bool) -> None:
    assert is_allowed(allow(Condition=condition), context) == expected


def test_an_unknown_condition_operator_is_an_error() -> None:
    with pytest.raises(KeyError):
        is_allowed(allow(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), {"aws:sourceip": ("10.1.1.1",)})
