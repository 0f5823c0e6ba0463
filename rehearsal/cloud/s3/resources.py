"""Buckets, their policies, and what a request asks for: moto finds the action by path and query."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from xml.sax.saxutils import unescape

from moto.s3.exceptions import MissingBucket
from moto.s3.models import FakeBucket, S3Backend, s3_backends
from moto.s3.responses import S3Response

from rehearsal.cloud.cloudformation.resource_type import MotoType, Request, ResourceType, Settled
from rehearsal.cloud.iam.policy import Context, Resource
from rehearsal.cloud.iam.request import EVERYTHING, Ask

# Where moto's name of an action is not IAM's.
ACTIONS = {"HeadBucket": "ListBucket"}
KEY = re.compile("<Key>(.*?)</Key>")


class BucketType(MotoType):
    """moto drops what an audit by API must see, and reports a full bucket as deleted although it stays."""

    identity = ("BucketName",)

    def create(self, request: Request) -> Any:
        return self.change(request, super().create(request), request)

    def change(self, request: Request, resource: FakeBucket, previous: Request) -> FakeBucket:  # noqa: ARG002
        properties = request.properties
        s3 = request.scope.wide(s3_backends)
        if versioning := properties.get("VersioningConfiguration"):
            s3.put_bucket_versioning(resource.name, versioning["Status"])
        if access := properties.get("PublicAccessBlockConfiguration"):
            s3.put_public_access_block(resource.name, {name: str(value).lower() for name, value in access.items()})
        if copies := properties.get("ReplicationConfiguration"):
            s3.put_bucket_replication(resource.name, _replication(s3, copies))
        else:
            s3.delete_bucket_replication(resource.name)
        return resource

    def delete(self, request: Request, resource: FakeBucket) -> None:
        if request.buckets.has_objects(resource.name):
            raise RuntimeError(f"The bucket you tried to delete is not empty ({resource.name})")
        request.scope.wide(s3_backends).delete_bucket(resource.name)


class BucketPolicyType(ResourceType):
    """moto has no type of this name."""

    identity = ("Bucket",)

    def create(self, request: Request) -> Settled:
        name = str(request.properties["Bucket"])
        try:
            bucket = request.scope.wide(s3_backends).get_bucket(name)
        except MissingBucket as missing:
            raise RuntimeError(f"The specified bucket does not exist ({name})") from missing
        bucket.policy = json.dumps(request.properties["PolicyDocument"]).encode()
        return Settled(name)

    def change(self, request: Request, resource: Settled, previous: Request) -> Settled:  # noqa: ARG002
        return self.create(request)

    def delete(self, request: Request, resource: Settled) -> None:
        request.scope.wide(s3_backends).delete_bucket_policy(resource.physical_resource_id)


def _replication(s3: S3Backend, properties: Mapping[str, Any]) -> dict[str, Any]:
    """As the API names it. S3 refuses rules for a bucket that does not exist, or keeps no versions.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-requirements.html
    """
    for rule in properties["Rules"]:
        destination = rule["Destination"]["Bucket"].rpartition(":")[2]
        if destination not in s3.buckets:
            raise RuntimeError(f"Destination bucket must exist. ({destination})")
        if not s3.buckets[destination].is_versioned:
            raise RuntimeError(f"Destination bucket must have versioning enabled. ({destination})")
    return {
        "Role": properties["Role"],
        "Rule": [
            {("ID" if name == "Id" else name): value for name, value in rule.items()} for rule in properties["Rules"]
        ],
    }


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


TYPES = {"AWS::S3::Bucket": BucketType(), "AWS::S3::BucketPolicy": BucketPolicyType()}
