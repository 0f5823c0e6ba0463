"""What a job remembers, as one object in the state bucket.

S3 takes a write only if no other run has written since (If-Match), which is all that concurrent runs need. It
costs cents a year, and the bucket exists already. A table would be one more thing to build and to pay.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

from botocore.exceptions import ClientError

from lambdas.aws.errors import error_code
from lambdas.judge.memory import Memory

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

M = TypeVar("M", bound=Memory)

_ABSENT = {"NoSuchKey", "404"}
_OVERTAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_LONGEST_OBJECT_BYTES = 65_536


class AnotherRunError(Exception):
    """Another run acts, or has written in the meantime."""


@dataclass(frozen=True, slots=True)
class StateObject:
    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class Stored(Generic[M]):
    """A memory as a run found it, and the object that holds it."""

    s3: "S3Client"
    location: StateObject
    memory: M
    etag: str
    """Empty if there is no object yet."""

    def keep(self, memory: M, now: datetime) -> M:
        """Write what has changed.

        Raises:
            AnotherRunError: nothing was written.
        """
        if memory != self.memory:
            self._refuse_while_leased(now)
            self._write(memory, self.etag)
        return memory

    def act_alone(self, claimed: M, act: Callable[[M], M], *, now: datetime, lease: timedelta) -> M:
        """Claim, act, settle: of two runs at once, one acts.

        A run that dies before it settles leaves its claim. After the lease, the next run acts on that claim.

        Raises:
            AnotherRunError: the other run acts.
        """
        self._refuse_while_leased(now)
        etag = self._write(replace(claimed, leased_until=now + lease), self.etag)
        settled = replace(act(claimed), leased_until=None)
        self._write(settled, etag)
        return settled

    def _refuse_while_leased(self, now: datetime) -> None:
        if self.memory.leased_until is not None and now < self.memory.leased_until:
            raise AnotherRunError("another run acts")

    def _write(self, memory: M, etag: str) -> str:
        """Returns the new ETag."""
        bucket, key, body = self.location.bucket, self.location.key, memory.to_json().encode()
        try:
            if etag:
                return self.s3.put_object(Bucket=bucket, Key=key, Body=body, IfMatch=etag)["ETag"]
            return self.s3.put_object(Bucket=bucket, Key=key, Body=body, IfNoneMatch="*")["ETag"]
        except ClientError as error:
            if error_code(error) in _OVERTAKEN:
                raise AnotherRunError("another run was quicker") from error
            raise


def recall(s3: "S3Client", location: StateObject, kind: type[M], now: datetime) -> Stored[M]:
    """An object that is absent or unreadable stands for the memory of a first run."""
    try:
        found = s3.get_object(Bucket=location.bucket, Key=location.key)
    except ClientError as error:
        if error_code(error) in _ABSENT:
            return Stored(s3, location, kind.of_a_first_run(now), "")
        raise
    try:
        memory = kind.from_json(found["Body"].read(_LONGEST_OBJECT_BYTES).decode())
    except ValueError:
        memory = kind.of_a_first_run(now)
    return Stored(s3, location, memory, found["ETag"])
