"""The AWS clients of a function, made once for each of its processes, from the Lambda runtime's own boto3."""

from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_ssm import SSMClient

# The first whose PutObject takes IfMatch (state_store.py); no other call needs a version as new. Which one a runtime
# brings depends on the region. https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html#python-sdk-included
OLDEST_BOTOCORE = (1, 35, 69)


class OutdatedRuntimeError(Exception):
    """The Lambda runtime's boto3 lacks something that the functions call."""


@dataclass(frozen=True, slots=True)
class Aws:
    autoscaling: "AutoScalingClient"
    functions: "LambdaClient"
    s3: "S3Client"
    sns: "SNSClient"
    ssm: "SSMClient"


@cache
def connect() -> Aws:
    """Raises OutdatedRuntimeError before anything is done: later, the first write of a run's memory would fail."""
    import boto3
    import botocore
    from botocore.config import Config

    refuse_older(botocore.__version__)
    config = Config(connect_timeout=5, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 4})
    client = partial(boto3.Session().client, config=config)
    return Aws(client("autoscaling"), client("lambda"), client("s3"), client("sns"), client("ssm"))


def refuse_older(version: str) -> None:
    """``version`` is botocore's, such as 1.35.69."""
    if tuple(map(int, version.split(".")[:3])) < OLDEST_BOTOCORE:
        oldest = ".".join(map(str, OLDEST_BOTOCORE))
        raise OutdatedRuntimeError(
            f"the Lambda runtime brings botocore {version}; expected {oldest} or newer."
            " If the function's runtime version is pinned, set its runtime management to automatic updates"
        )
