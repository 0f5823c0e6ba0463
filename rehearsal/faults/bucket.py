"""What can happen to the image bucket and to the right to use it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from rehearsal.contract import product
from rehearsal.faults.fault import Fault, Target
from rehearsal.faults.front import put_in_front, take_away
from rehearsal.outside.world import World

POLICY = "rehearsal-fault"


def deny(world: World, role: str, action: str, *resources: str) -> str:
    """Forbid a role an action; returns the role, for allow_again()."""
    statement = {"Effect": "Deny", "Action": action, "Resource": list(resources)}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    world.aws("iam").put_role_policy(RoleName=role, PolicyName=POLICY, PolicyDocument=json.dumps(document))
    return role


def allow_again(world: World, role: str) -> None:
    world.aws("iam").delete_role_policy(RoleName=role, PolicyName=POLICY)


def instance_of(target: Target) -> Any:
    found = target.world.aws("ec2").describe_instances(InstanceIds=[target.host.id])
    return found["Reservations"][0]["Instances"][0]


def host_role(target: Target) -> str:
    profile = str(instance_of(target)["IamInstanceProfile"]["Arn"]).rsplit("/", 1)[-1]
    found = target.world.aws("iam").get_instance_profile(InstanceProfileName=profile)
    return str(found["InstanceProfile"]["Roles"][0]["RoleName"])


def _deny_images(world: World) -> str:
    target = Target.newest(world)
    images = f"arn:aws:s3:::{target.setting(product.IMAGE_BUCKET)}"
    return deny(world, host_role(target), "s3:*", images, f"{images}/*")


def _delete_bucket(world: World) -> Any:
    """With everything in it, of which the run directory keeps a copy."""
    s3, name = world.aws("s3"), Target.newest(world).setting(product.IMAGE_BUCKET)
    folder = world.workplace.run / f"bucket-{uuid4().hex}"
    folder.mkdir()
    policy = _policy_of(s3, name)
    keys: list[str] = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
        for number, each in enumerate(page.get("Contents", []), len(keys)):
            s3.download_file(name, each["Key"], str(folder / str(number)))
            keys.append(each["Key"])
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        for each in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            s3.delete_object(Bucket=name, Key=each["Key"], VersionId=each["VersionId"])
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=name):
        for each in page.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=name, Key=each["Key"], UploadId=each["UploadId"])
    s3.delete_bucket(Bucket=name)
    return {"bucket": name, "folder": str(folder), "keys": keys, "policy": policy}


def _policy_of(s3: Any, name: str) -> str | None:
    try:
        return str(s3.get_bucket_policy(Bucket=name)["Policy"])
    except s3.exceptions.ClientError:
        return None


def _restore_bucket(world: World, remembered: Mapping[str, Any]) -> None:
    s3, name = world.aws("s3"), remembered["bucket"]
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for number, key in enumerate(remembered["keys"]):
        s3.upload_file(str(Path(remembered["folder"], str(number))), name, key)
    if remembered["policy"]:
        s3.put_bucket_policy(Bucket=name, Policy=remembered["policy"])


SLOW_TAGS = "slow-tags"
# nginx limits the rate of buffered answers only.
TAGS_AT_4_BYTES_A_SECOND = (
    "location ~ /_manifests/tags/ {\n    proxy_pass $aws;\n    proxy_buffering on;\n    limit_rate 4;\n}\n"
)

FAULTS: Mapping[str, Fault] = {
    "answers-slow": Fault(
        "S3 sends tags at 4 bytes a second, and is quick at all else",
        lambda world: put_in_front(world, SLOW_TAGS, TAGS_AT_4_BYTES_A_SECOND),
        lambda world, _: take_away(world, SLOW_TAGS),
    ),
    "s3-denied": Fault("the host's role may not use the image bucket any more", _deny_images, allow_again),
    "s3-bucket-missing": Fault("the image bucket is deleted", _delete_bucket, _restore_bucket),
}
