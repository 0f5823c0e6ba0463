"""The registries of an account, and the usage of one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from doctor.deployment import look
from userdata.usage.book import key_of

_ABSENT = {"NoSuchKey", "404"}


class NoUsageError(Exception):
    """The text says why."""


def state_buckets(cloudformation: Any) -> Mapping[str, str]:
    """The state bucket of each registry, by the registry's domain name."""
    stacks = look(cloudformation, "").others
    storage = {stack.name: stack.outputs.get("StateBucket", "") for stack in stacks}
    return {
        stack.domain_name: storage.get(f"{stack.name.removesuffix('-dns')}-storage", "")
        for stack in stacks
        if stack.domain_name
    }


def fetch(s3: Any, bucket: str, domain: str, file: Path) -> None:
    """
    Raises:
        NoUsageError: the hosts have written none yet.
    """
    if not bucket:
        raise NoUsageError(f"{domain} was deployed before hosts kept the usage of tags: deploy it again")
    try:
        found = s3.get_object(Bucket=bucket, Key=key_of(domain))
    except ClientError as error:
        if error.response["Error"]["Code"] in _ABSENT:
            raise NoUsageError(f"{domain} has no usage yet: its hosts write it every ten minutes") from error
        raise
    file.write_bytes(found["Body"].read())
