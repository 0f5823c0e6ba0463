"""The one address for all of AWS: objects reach versitygw, everything else reaches the emulated AWS."""

import json
from pathlib import Path

import pytest
import requests

from rehearsal.contract import product, run_directory
from rehearsal.inside.internet.objects import PORTS
from rehearsal.machine.oci_layout import REFERENCE
from rehearsal.outside.client import CommandFailedError
from rehearsal.story.front_door import first_login
from rehearsal.story.images import push
from rehearsal.story.step import Story
from tests.support.waiting import until
from tests.support.world import WORKPLACE, needs_a_world

pytestmark = needs_a_world
MOTO, VERSITYGW = 4567, PORTS[0]
SIGNED_FOR = "AWS4-HMAC-SHA256 Credential=AKIA/20120215/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"
PRESIGNED = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F20120215%2Fus-east-1%2F{}%2Faws4_request"


def in_versitygw(story: Story, bucket: str, key: str) -> Path:
    return run_directory.in_world(story.world.keeper_pid, WORKPLACE.run / run_directory.BUCKETS) / bucket / key


def test_one_address_serves_objects_and_configuration(story: Story) -> None:
    s3 = story.world.aws("s3")
    bucket = story.outputs[product.OUTPUT_IMAGE_BUCKET]
    s3.put_object(Bucket=bucket, Key="a/key", Body=b"here")
    assert in_versitygw(story, bucket, "a/key").read_bytes() == b"here"
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert s3.get_public_access_block(Bucket=bucket)
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert bucket in [each["Name"] for each in s3.list_buckets()["Buckets"]]
    assert s3.head_bucket(Bucket=bucket)
    assert "a/key" in [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix="a/")["Contents"]]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a/key"}]})
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix="a/")


@pytest.mark.parametrize(
    ("method", "target", "service", "port"),
    [
        ("GET", "/bucket/key", "ec2", MOTO),
        *(("GET", path, "s3", MOTO) for path in ("/", "/bucket/?policy=", "/bucket?x-id=GetBucketTagging&tagging")),
        *(("PUT", path, "s3", MOTO) for path in ("/bucket", "/bucket?versioning")),
        ("DELETE", "/bucket/", "s3", MOTO),
        ("GET", f"/bucket/key?{PRESIGNED.format('sts')}", "", MOTO),
        ("GET", f"/bucket/key?{PRESIGNED.format('s3')}", "", VERSITYGW),
        *(("GET", path, "s3", VERSITYGW) for path in ("/bucket", "/bucket/?list-type=2&prefix=policy")),
        *(("GET", path, "s3", VERSITYGW) for path in ("/bucket?uploads", "/bucket?versions", "/bucket/key?tagging")),
        ("POST", "/bucket?delete", "s3", VERSITYGW),
        ("PUT", "/bucket/key?partNumber=1&uploadId=1", "s3", VERSITYGW),
    ],
)
def test_each_request_reaches_its_server(story: Story, method: str, target: str, service: str, port: int) -> None:
    headers = {"Authorization": SIGNED_FOR.format(service)} if service else {}
    endpoint = story.world.state.profile.endpoint_url
    requests.request(method, f"{endpoint}{target}", headers=headers, timeout=10)
    assert port_that_answered(endpoint.removeprefix("http://"), f"{method} {target}") == port


@pytest.mark.parametrize("domain", ["s3.amazonaws.com", "s3.us-east-1.amazonaws.com"])
@pytest.mark.parametrize(
    ("method", "bucket", "target", "port"),
    [
        ("GET", "bucket.", "/a/key", VERSITYGW),
        ("GET", "bucket.", "/?list-type=2", VERSITYGW),
        ("POST", "bucket.", "/?delete", VERSITYGW),
        ("GET", "", "/bucket/key", VERSITYGW),
        ("GET", "", "/", MOTO),
        ("PUT", "bucket.", "/", MOTO),
        ("GET", "bucket.", "/?publicAccessBlock", MOTO),
    ],
)
def test_each_request_to_a_name_of_s3_reaches_its_server(
    story: Story, domain: str, method: str, bucket: str, target: str, port: int
) -> None:
    story.client.run("curl", "--silent", "--request", method, f"https://{bucket}{domain}{target}")
    assert port_that_answered(f"{bucket}{domain}", f"{method} {target}") == port


def port_that_answered(host: str, request: str) -> int:
    """At the last of these requests. The host of this world asks much else. nginx logs a request after its answer."""
    log = WORKPLACE.run / run_directory.STAND_INS / "nginx-access.log"

    def asked() -> list[str]:
        return [line for line in log.read_text().splitlines() if f' {host} "{request} HTTP/' in line]

    until(lambda: bool(asked()))
    return int(asked()[-1].rpartition(":")[2])


def test_a_host_whose_role_has_lost_its_permissions_takes_no_push(story: Story) -> None:
    first_login(story)
    push(story)
    iam = story.world.aws("iam")
    role = next(each["RoleName"] for each in iam.list_roles()["Roles"] if "host" in each["RoleName"].lower())
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=policy)
    with pytest.raises(CommandFailedError):
        story.client.run("skopeo", "copy", f"oci:small:{REFERENCE}", f"docker://{story.domain}/refused:1")
    said = story.world.run_on_host(story.world.hosts()[0], "docker", "logs", product.CONTAINER)
    assert "AccessDenied" in said.stdout + said.stderr
