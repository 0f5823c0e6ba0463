"""Every call is authenticated, and authorised by what the caller's policies say."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
import requests
from botocore.exceptions import ClientError

from tests.support.cloud_account import Account, allow, running_account

PARAMETERS = "arn:aws:ssm:us-east-1:123456789012:parameter/registry/example"
ALLOWED = [
    allow("ssm:GetParameter", f"{PARAMETERS}/http-secret"),
    allow("ssm:GetParametersByPath", f"{PARAMETERS}/users"),
    allow("ssm:PutParameter", f"{PARAMETERS}/*", StringNotEquals={"ssm:Overwrite": "true"}),
    allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::state/certs/*"),
    allow(["logs:CreateLogStream", "logs:PutLogEvents"], "arn:aws:logs:us-east-1:123456789012:log-group:hosts:*"),
    allow("ec2:TerminateInstances", "*", StringEquals={"aws:ResourceTag/team": "somebody-else"}),
]


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with running_account() as running:
        running.create_host(statements=ALLOWED)
        running.client("s3").create_bucket(Bucket="state")
        running.client("logs").create_log_group(logGroupName="hosts")
        ssm = running.client("ssm")
        for number in range(15):
            ssm.put_parameter(Name=f"/registry/example/users/push/u{number}", Value="secret", Type="SecureString")
        ssm.put_parameter(Name="/registry/example/http-secret", Value="shared", Type="SecureString")
        yield running


def of_host(account: Account, service: str) -> Any:
    (instance,) = account.cloud.instances()
    return account.client_of_host(service, instance.id)


def test_a_host_reads_the_parameters_of_its_policy(account: Account) -> None:
    ssm = of_host(account, "ssm")
    secret = ssm.get_parameter(Name="/registry/example/http-secret", WithDecryption=True)
    assert secret["Parameter"]["Value"] == "shared"
    pages = ssm.get_paginator("get_parameters_by_path").paginate(
        Path="/registry/example/users", Recursive=True, WithDecryption=True
    )
    assert [len(page["Parameters"]) for page in pages] == [10, 5]


def test_a_host_reads_no_other_parameter(account: Account) -> None:
    with pytest.raises(ClientError, match=r"AccessDeniedException.*ssm:GetParameter on resource: .*parameter/other"):
        of_host(account, "ssm").get_parameter(Name="/other")


def test_a_host_creates_a_parameter_that_it_may_not_overwrite(account: Account) -> None:
    ssm = of_host(account, "ssm")
    new = {"Name": "/registry/example/new", "Value": "1", "Type": "SecureString"}
    ssm.put_parameter(**new)
    with pytest.raises(ClientError, match="ParameterAlreadyExists"):
        ssm.put_parameter(**new)
    with pytest.raises(ClientError, match="AccessDenied"):
        ssm.put_parameter(**new, Overwrite=True)


def test_objects_outside_the_policy_are_denied(account: Account) -> None:
    s3 = of_host(account, "s3")
    s3.put_object(Bucket="state", Key="certs/a.tar.gz", Body=b"x")
    assert s3.get_object(Bucket="state", Key="certs/a.tar.gz")["Body"].read() == b"x"
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket="state", Key="elsewhere", Body=b"x")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.list_objects_v2(Bucket="state")


def test_a_host_writes_to_its_log_group_alone(account: Account) -> None:
    logs = of_host(account, "logs")
    logs.create_log_stream(logGroupName="hosts", logStreamName="i-1")
    now = int(datetime.now().timestamp() * 1000)
    logs.put_log_events(logGroupName="hosts", logStreamName="i-1", logEvents=[{"timestamp": now, "message": "up"}])
    with pytest.raises(ClientError, match="AccessDenied"):
        logs.create_log_stream(logGroupName="others", logStreamName="i-1")


def test_a_condition_on_tags_looks_at_the_resource(account: Account) -> None:
    (instance,) = account.cloud.instances()
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        of_host(account, "ec2").terminate_instances(InstanceIds=[instance.id])
    assert account.cloud.instances() == (instance,)


def test_a_host_signals_no_other_stack(account: Account) -> None:
    account.create("other", {"Resources": {"Images": {"Type": "AWS::S3::Bucket"}}})
    (instance,) = account.cloud.instances()
    with pytest.raises(ClientError, match="AccessDenied"):
        of_host(account, "cloudformation").signal_resource(
            StackName="other", LogicalResourceId="Images", UniqueId=instance.id, Status="SUCCESS"
        )


def test_a_bucket_policy_denies_even_the_administrator(account: Account) -> None:
    s3 = account.client("s3")
    s3.create_bucket(Bucket="sealed")
    deny = '{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::sealed/*"}'
    s3.put_bucket_policy(Bucket="sealed", Policy=f'{{"Version": "2012-10-17", "Statement": [{deny}]}}')
    with pytest.raises(ClientError, match="explicit deny"):
        s3.put_object(Bucket="sealed", Key="a", Body=b"")


def test_a_bucket_policy_that_wants_tls_lets_requests_in(account: Account) -> None:
    s3 = account.client("s3")
    s3.create_bucket(Bucket="tls")
    deny = (
        '{"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "s3:*", "Resource": "arn:aws:s3:::tls/*",'
        ' "Condition": {"Bool": {"aws:SecureTransport": "false"}}}'
    )
    s3.put_bucket_policy(Bucket="tls", Policy=f'{{"Version": "2012-10-17", "Statement": [{deny}]}}')
    s3.put_object(Bucket="tls", Key="a", Body=b"")


def test_a_role_is_assumed_only_by_principals_that_it_trusts(account: Account) -> None:
    role = account.cloud.instance_metadata(account.cloud.instances()[0].id)["iam/security-credentials/"]
    with pytest.raises(ClientError, match="AccessDenied"):
        account.client("sts").assume_role(RoleArn=f"arn:aws:iam::123456789012:role/{role}", RoleSessionName="person")


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("ssm", "describe_parameters", "InvalidSignatureException"),
        ("sts", "get_caller_identity", "SignatureDoesNotMatch"),
        ("ec2", "describe_vpcs", "AuthFailure"),
        ("s3", "list_buckets", "SignatureDoesNotMatch"),
    ],
)
def test_a_wrong_secret_is_refused(account: Account, service: str, call: str, code: str) -> None:
    client = account.client(
        service,
        aws_access_key_id=account.cloud.administrator.id,
        aws_secret_access_key="wrong",  # noqa: S106
    )
    with pytest.raises(ClientError, match=code):
        getattr(client, call)()


def test_an_unknown_key_is_refused(account: Account) -> None:
    client = account.client("ssm", aws_access_key_id="AKIANOBODY0000000000", aws_secret_access_key="x")  # noqa: S106
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        client.describe_parameters()


def test_a_session_without_its_token_is_refused(account: Account) -> None:
    issued = account.cloud.role_credentials(account.cloud.instances()[0].id)
    client = account.client(
        "ssm", aws_access_key_id=issued["AccessKeyId"], aws_secret_access_key=issued["SecretAccessKey"]
    )
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        client.describe_parameters()


def test_a_signature_an_hour_old_is_refused(account: Account) -> None:
    client = account.client("sts")
    late = datetime.utcnow() - timedelta(hours=1)
    with (
        patch("botocore.auth.get_current_datetime", return_value=late),
        pytest.raises(ClientError, match="Signature expired"),
    ):
        client.get_caller_identity()


def test_an_unsigned_request_is_refused(account: Account) -> None:
    answer = requests.get(f"{account.cloud.endpoint_url}/state/certs/a.tar.gz", timeout=5)
    assert answer.status_code == 403


def test_a_presigned_url_works_without_a_key_and_only_unchanged(account: Account) -> None:
    s3 = of_host(account, "s3")
    assert "X-Amz-Signature" in s3.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
    s3.put_object(Bucket="state", Key="certs/layer", Body=b"bytes")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "state", "Key": "certs/layer"})
    assert requests.get(url, timeout=5).content == b"bytes"
    assert requests.get(url.replace("certs/layer", "certs/other"), timeout=5).status_code == 403


def test_authorise_answers_for_another_s3_server(account: Account) -> None:
    (instance,) = account.cloud.instances()
    key = account.cloud.role_credentials(instance.id)["AccessKeyId"]
    assert account.cloud.authorise(key, "s3:GetObject", "arn:aws:s3:::state/certs/a")
    assert not account.cloud.authorise(key, "s3:GetObject", "arn:aws:s3:::state/other")
    assert not account.cloud.authorise("AKIANOBODY0000000000", "s3:GetObject", "arn:aws:s3:::state/certs/a")
