"""Objects are in versitygw, their buckets' configuration is in moto, and the emulated IAM decides about both."""

import json
import socket
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from rehearsal.inside.storage import ADDRESS, Keyring, Storage, UnknownKeyError
from rehearsal.machine import parts
from rehearsal.machine.machine import find_missing
from rehearsal.machine.oci_layout import REFERENCE
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.client import CommandFailedError
from rehearsal.outside.world import down, up
from rehearsal.story.step import Story
from rehearsal.story.steps import bootstrap, deploy, first_login, push
from rehearsal.story.story import story_in
from tests.support.cloud_account import Account, host_stack, running_account, until

WORKPLACE = Workplace.of_this_machine()
MISSING = find_missing(WORKPLACE)
needs_a_world = pytest.mark.skipif(bool(MISSING), reason=f"THE REHEARSAL DOES NOT RUN: {'; '.join(MISSING)}")
MOTO, VERSITYGW = 4567, ADDRESS[1]
ALLOWED: list[dict[str, Any]] = [
    {
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
        "Resource": "arn:aws:s3:::images/mine/*",
    },
    {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::images"},
]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """With a host whose role may do what ALLOWED says, and the bucket images from before versitygw was there."""
    folder = tmp_path_factory.mktemp("srv")
    program = parts.prepare(WORKPLACE, parts.VERSITYGW, print).path
    if program is None:
        pytest.skip("VERSITYGW CANNOT BE BUILT HERE")
    started = []

    def start(_name: str, argv: list[str], _at: tuple[str, int]) -> None:
        here = [each.replace("/srv", str(folder)) for each in argv]
        started.append(subprocess.Popen([str(program) if each == "versitygw" else each for each in here]))
        until(_answers)

    with running_account() as running:
        running.client("s3").create_bucket(Bucket="images")
        Storage(folder, running.cloud, start)
        with running.hosts_signal("SUCCESS"):
            running.create("host", host_stack(statements=ALLOWED))
        yield running
    for each in started:
        each.terminate()
        each.wait(10)


def _answers() -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(ADDRESS) == 0


def objects(key: str, secret: str, token: str | None = None) -> Any:
    untyped: Any = boto3.client
    return untyped(
        "s3",
        endpoint_url=f"http://{ADDRESS[0]}:{ADDRESS[1]}",
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(s3={"addressing_style": "path"}, signature_version="s3v4"),
    )


@pytest.fixture
def administrator(account: Account) -> Any:
    return objects(account.cloud.administrator.id, account.cloud.administrator.secret)


@pytest.fixture
def host(account: Account) -> Any:
    (instance,) = account.cloud.instances()
    issued = account.cloud.role_credentials(instance.id)
    return objects(issued["AccessKeyId"], issued["SecretAccessKey"], issued["Token"])


def refusal(of: ClientError) -> str:
    return str(of.response["Error"]["Code"])


def test_a_session_reads_and_writes_what_its_role_may(host: Any) -> None:
    host.put_object(Bucket="images", Key="mine/a b+c", Body=b"layer", ServerSideEncryption="AES256")

    assert host.get_object(Bucket="images", Key="mine/a b+c")["Body"].read() == b"layer"
    assert [each["Key"] for each in host.list_objects_v2(Bucket="images")["Contents"]] == ["mine/a b+c"]


def test_a_presigned_address_of_a_session_works_without_its_keys(host: Any) -> None:
    host.put_object(Bucket="images", Key="mine/layer", Body=b"layer")
    address = host.generate_presigned_url("get_object", Params={"Bucket": "images", "Key": "mine/layer"})

    assert requests.get(address, timeout=10).content == b"layer"


def test_a_session_is_refused_what_its_role_may_not(host: Any, administrator: Any) -> None:
    administrator.put_object(Bucket="images", Key="theirs", Body=b"")
    attempts: dict[str, dict[str, str]] = {
        "put_object": {"Key": "theirs"},
        "get_object": {"Key": "theirs"},
        "list_multipart_uploads": {},
        "copy_object": {"Key": "mine/copy", "CopySource": "images/theirs"},
    }
    for name, arguments in attempts.items():
        with pytest.raises(ClientError) as refused:
            getattr(host, name)(Bucket="images", **arguments)
        assert refusal(refused.value) == "AccessDenied"


def test_each_object_of_a_deletion_is_decided_on_its_own(host: Any, administrator: Any) -> None:
    for key in ("mine/gone", "theirs"):
        administrator.put_object(Bucket="images", Key=key, Body=b"")
    done = host.delete_objects(Bucket="images", Delete={"Objects": [{"Key": "mine/gone"}, {"Key": "theirs"}]})

    assert [each["Key"] for each in done["Deleted"]] == ["mine/gone"]
    assert [(each["Key"], each["Code"]) for each in done["Errors"]] == [("theirs", "AccessDenied")]


def test_a_policy_of_the_bucket_in_moto_holds_for_its_objects(account: Account, host: Any) -> None:
    denial = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::images/*",
    }
    moto = account.client("s3")
    moto.put_bucket_policy(Bucket="images", Policy=json.dumps({"Statement": [denial]}))
    try:
        with pytest.raises(ClientError) as refused:
            host.put_object(Bucket="images", Key="mine/late", Body=b"")
    finally:
        moto.delete_bucket_policy(Bucket="images")

    assert refusal(refused.value) == "AccessDenied"


def test_a_wrong_secret_and_an_unknown_key_are_refused(account: Account) -> None:
    for key, secret, code in (
        (account.cloud.administrator.id, "wrong", "SignatureDoesNotMatch"),
        ("AKIANOBODY", "wrong", "InvalidAccessKeyId"),
    ):
        with pytest.raises(ClientError) as refused:
            objects(key, secret).list_objects_v2(Bucket="images")
        assert refusal(refused.value) == code


def test_a_bucket_comes_and_goes_with_its_configuration(account: Account, administrator: Any) -> None:
    moto = account.client("s3")
    moto.create_bucket(Bucket="later")
    administrator.put_object(Bucket="later", Key="object", Body=b"template")
    assert account.cloud.buckets.read_object("later", "object") == b"template"
    assert account.cloud.buckets.has_objects("later")

    administrator.delete_object(Bucket="later", Key="object")
    assert not account.cloud.buckets.has_objects("later")
    with pytest.raises(FileNotFoundError):
        account.cloud.buckets.read_object("later", "object")
    moto.delete_bucket(Bucket="later")
    with pytest.raises(ClientError) as missing:
        administrator.get_object(Bucket="later", Key="object")
    assert refusal(missing.value) == "NoSuchBucket"


def test_a_signing_key_is_what_aws_derives() -> None:
    # https://docs.aws.amazon.com/general/latest/gr/signature-v4-examples.html
    keyring = Keyring(lambda *_: True)
    keyring.add("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    asked = {"accessKeyId": "AKIDEXAMPLE", "date": "20120215", "region": "us-east-1", "service": "iam"}

    said = keyring.answer("/private/derive-signing-key", asked)
    assert said
    assert b64decode(said["derivedKey"]).hex() == (
        "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"
    )


def test_nobody_has_no_signing_key() -> None:
    with pytest.raises(UnknownKeyError):
        Keyring(lambda *_: True).answer(
            "/private/derive-signing-key",
            {"accessKeyId": "AKIDEXAMPLE", "date": "20120215", "region": "us-east-1", "service": "iam"},
        )


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    world = up(WORKPLACE, print, detached=False)
    try:
        story = story_in(world, print)
        bootstrap(story)
        deploy(story)
        yield story
    finally:
        down(WORKPLACE)


def in_versitygw(bucket: str, key: str) -> Path:
    return WORKPLACE.run / "internet/srv/buckets" / bucket / key


@needs_a_world
def test_one_address_serves_objects_and_configuration(story: Story) -> None:
    s3 = story.world.aws("s3")
    bucket = story.outputs["ImageBucket"]
    s3.put_object(Bucket=bucket, Key="a/key", Body=b"here")

    assert in_versitygw(bucket, "a/key").read_bytes() == b"here"
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert s3.get_public_access_block(Bucket=bucket)
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert bucket in [each["Name"] for each in s3.list_buckets()["Buckets"]]
    assert s3.head_bucket(Bucket=bucket)
    assert "a/key" in [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix="a/")["Contents"]]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a/key"}]})
    assert not in_versitygw(bucket, "a/key").exists()


SIGNED_FOR = (
    "AWS4-HMAC-SHA256 Credential=AKIA/20120215/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"
)
PRESIGNED = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F20120215%2Fus-east-1%2F{}%2Faws4_request"
)


@needs_a_world
@pytest.mark.parametrize(
    ("method", "target", "service", "port"),
    [
        ("GET", "/bucket/key", "ec2", MOTO),
        ("GET", "/", "s3", MOTO),
        ("PUT", "/bucket", "s3", MOTO),
        ("DELETE", "/bucket/", "s3", MOTO),
        ("PUT", "/bucket?versioning", "s3", MOTO),
        ("GET", "/bucket/?policy=", "s3", MOTO),
        ("GET", "/bucket?x-id=GetBucketTagging&tagging", "s3", MOTO),
        ("GET", f"/bucket/key?{PRESIGNED.format('sts')}", None, MOTO),
        ("GET", f"/bucket/key?{PRESIGNED.format('s3')}", None, VERSITYGW),
        ("GET", "/bucket", "s3", VERSITYGW),
        ("GET", "/bucket/?list-type=2&prefix=policy", "s3", VERSITYGW),
        ("GET", "/bucket?uploads", "s3", VERSITYGW),
        ("GET", "/bucket?versions", "s3", VERSITYGW),
        ("POST", "/bucket?delete", "s3", VERSITYGW),
        ("PUT", "/bucket/key?partNumber=1&uploadId=1", "s3", VERSITYGW),
        ("GET", "/bucket/key?tagging", "s3", VERSITYGW),
    ],
)
def test_the_one_address_knows_who_answers(
    story: Story, method: str, target: str, service: str | None, port: int
) -> None:
    headers = {"Authorization": SIGNED_FOR.format(service)} if service else {}
    requests.request(method, f"{story.world.account.endpoint_url}{target}", headers=headers, timeout=10)

    assert who_answered() == port


@needs_a_world
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
def test_the_names_of_s3_know_who_answers(
    story: Story, domain: str, method: str, bucket: str, target: str, port: int
) -> None:
    story.client.run("curl", "--silent", "--request", method, f"https://{bucket}{domain}{target}")

    assert who_answered() == port


def who_answered() -> int:
    last = (WORKPLACE.run / "internet/srv/nginx-access.log").read_text().splitlines()[-1]
    return int(last.rpartition(":")[2])


@needs_a_world
def test_a_host_whose_role_has_lost_its_permissions_takes_no_push(story: Story) -> None:
    first_login(story)
    push(story)
    iam = story.world.aws("iam")
    role = next(each["RoleName"] for each in iam.list_roles()["Roles"] if "host" in each["RoleName"].lower())
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=policy)
    with pytest.raises(CommandFailedError):
        story.client.run("skopeo", "copy", f"oci:small:{REFERENCE}", f"docker://{story.domain}/refused:1")
    said = story.world.run_on_host(story.world.hosts()[0], "docker", "logs", "registry")

    assert "AccessDenied" in said.stdout + said.stderr
