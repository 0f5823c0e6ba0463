"""What a job remembers, as one object in the state bucket.

S3 takes a write only if nobody else has written since (If-Match), which is all that concurrent runs need; it
costs cents a year, and the bucket is there already. A table would be one more thing to build and to pay.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lambdas.judge.incident import State

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ABSENT = {"NoSuchKey", "404"}
_OVERTAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_LONGEST_STATE_BYTES = 65_536


class OvertakenError(Exception):
    """Another run has written in the meantime."""


@dataclass(frozen=True, slots=True)
class Place:
    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class Held:
    state: State
    etag: str
    """Empty if there is no object yet."""


def read_state(s3: "S3Client", place: Place, now: datetime) -> Held:
    """A state that is not there, or that nobody can read, is a first run's."""
    try:
        found = s3.get_object(Bucket=place.bucket, Key=place.key)
    except ClientError as error:
        if error.response["Error"]["Code"] in _ABSENT:
            return Held(State(started_at=now, since=now), "")
        raise
    content = found["Body"].read(_LONGEST_STATE_BYTES)
    try:
        return Held(State.from_json(content.decode()), found["ETag"])
    except ValueError:
        return Held(State(started_at=now, since=now), found["ETag"])


def write_state(s3: "S3Client", place: Place, state: State, etag: str) -> str:
    """Returns the new ETag.

    Raises:
        OvertakenError: the object is not the one that was read.
    """
    body = state.to_json().encode()
    try:
        if etag:
            return s3.put_object(Bucket=place.bucket, Key=place.key, Body=body, IfMatch=etag)["ETag"]
        return s3.put_object(Bucket=place.bucket, Key=place.key, Body=body, IfNoneMatch="*")["ETag"]
    except ClientError as error:
        if error.response["Error"]["Code"] in _OVERTAKEN:
            raise OvertakenError from error
        raise
