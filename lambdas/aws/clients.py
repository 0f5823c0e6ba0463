"""The AWS clients of a function, made once for each of its processes."""

from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_ssm import SSMClient


@dataclass(frozen=True, slots=True)
class Aws:
    autoscaling: "AutoScalingClient"
    functions: "LambdaClient"
    s3: "S3Client"
    sns: "SNSClient"
    ssm: "SSMClient"


@cache
def connect() -> Aws:
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=5, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 4})
    client = partial(boto3.Session().client, config=config)
    return Aws(client("autoscaling"), client("lambda"), client("s3"), client("sns"), client("ssm"))
