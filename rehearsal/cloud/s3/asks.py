"""What a request to S3 asks for. Its protocol has no operations: moto finds the action by path and query."""

import re
from collections.abc import Iterable
from xml.sax.saxutils import unescape

from moto.s3.responses import S3Response

from rehearsal.cloud.iam.policy import Context, Resource
from rehearsal.cloud.iam.request import EVERYTHING, Ask

# Where moto's name of an action is not IAM's.
ACTIONS = {"HeadBucket": "ListBucket"}
KEY = re.compile("<Key>(.*?)</Key>")


def asks(response: S3Response, bucket_name: str | None, key_name: str | None) -> Iterable[Ask]:
    name = response._get_action()
    named = name[0] if isinstance(name, list) else name
    if "encryption" in response.querystring and not key_name:
        named = "PutEncryptionConfiguration" if response.method == "PUT" else "GetEncryptionConfiguration"
    action = f"s3:{ACTIONS.get(named, named)}"
    prefix = response.querystring.get("prefix")
    context: Context = {"s3:prefix": tuple(prefix)} if prefix else {}
    yield Ask(action, _resources(response, action, bucket_name, key_name), context)


def _resources(response: S3Response, action: str, bucket_name: str | None, key_name: str | None) -> Iterable[Resource]:
    if action == "s3:ListAllMyBuckets" or not bucket_name:
        return EVERYTHING
    bucket = f"arn:aws:s3:::{bucket_name}"
    if key_name:
        return [Resource(f"{bucket}/{key_name}")]
    if response.method == "POST" and "delete" in response.querystring:
        # DeleteObjects asks for each key in its body.
        return [Resource(f"{bucket}/{unescape(key)}") for key in KEY.findall(response.body.decode())]
    return [Resource(bucket)]
