"""Objects in versitygw, their buckets' configuration in moto: the emulated IAM decides about both."""

import json
import socket
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from rehearsal.contract.aws_profile import AwsProfile
from rehearsal.inside.internet.objects import LISTING_SECONDS, PORTS, Keyring, ObjectServers, UnknownKeyError
from rehearsal.machine import parts
from tests.support.cloud_account import Account, allow, running_account
from tests.support.waiting import until
from tests.support.world import WORKPLACE

ALLOWED = [
    allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], "arn:aws:s3:::images/mine/*"),
    allow("s3:ListBucket", "arn:aws:s3:::images"),
]
# https://docs.aws.amazon.com/general/latest/gr/signature-v4-examples.html
SIGNED = {"accessKeyId": "AKIDEXAMPLE", "date": "20120215", "region": "us-east-1", "service": "iam"}


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
        ObjectServers(folder, running.cloud, start)
        running.create_host(statements=ALLOWED)
        yield running
    for each in started:
        each.terminate()
        each.wait(10)


def _answers() -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", PORTS[0])) == 0


def objects(key: str, secret: str, token: str | None = None) -> Any:
    profile = AwsProfile(f"http://127.0.0.1:{PORTS[0]}", "us-east-1", "", key, secret)
    config = Config(s3={"addressing_style": "path"}, signature_version="s3v4")
    return profile.client("s3", aws_session_token=token, config=config)


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
    denial = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::images/*"}
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
    assert account.cloud.engines.buckets.read_object("later", "object") == b"template"
    assert account.cloud.engines.buckets.has_objects("later")

    administrator.delete_object(Bucket="later", Key="object")
    assert not account.cloud.engines.buckets.has_objects("later")
    with pytest.raises(FileNotFoundError):
        account.cloud.engines.buckets.read_object("later", "object")
    moto.delete_bucket(Bucket="later")
    with pytest.raises(ClientError) as missing:
        administrator.get_object(Bucket="later", Key="object")
    assert refusal(missing.value) == "NoSuchBucket"


@pytest.fixture
def kept(account: Account, administrator: Any) -> Iterator[str]:
    """A bucket that keeps versions."""
    moto = account.client("s3")
    moto.create_bucket(Bucket="kept")
    moto.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    yield "kept"
    listed = administrator.list_object_versions(Bucket="kept")
    for each in (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())):
        administrator.delete_object(Bucket="kept", Key=each["Key"], VersionId=each["VersionId"])
    moto.delete_bucket(Bucket="kept")


def test_a_deleted_object_keeps_its_time_and_the_marker_has_the_deletions(kept: str, administrator: Any) -> None:
    administrator.put_object(Bucket=kept, Key="tag", Body=b"digest")
    made = administrator.head_object(Bucket=kept, Key="tag")["LastModified"]
    until(lambda: datetime.now(UTC) - made > timedelta(seconds=2))
    administrator.delete_objects(Bucket=kept, Delete={"Objects": [{"Key": "tag"}]})
    listed = administrator.list_object_versions(Bucket=kept)
    (marker,), (version,) = listed["DeleteMarkers"], listed["Versions"]
    assert (version["LastModified"], version["IsLatest"], marker["IsLatest"]) == (made, False, True)
    assert marker["LastModified"] > made
    assert "Contents" not in administrator.list_objects_v2(Bucket=kept)
    with pytest.raises(ClientError) as missing:
        administrator.head_object(Bucket=kept, Key="tag")
    assert refusal(missing.value) == "404"

    administrator.delete_object(Bucket=kept, Key="tag", VersionId=marker["VersionId"])
    again = administrator.get_object(Bucket=kept, Key="tag")
    assert (again["Body"].read(), again["LastModified"], again["VersionId"]) == (b"digest", made, version["VersionId"])


def test_an_old_version_is_copied_over_the_current_one(kept: str, administrator: Any) -> None:
    old = administrator.put_object(Bucket=kept, Key="tag", Body=b"old")
    administrator.put_object(Bucket=kept, Key="tag", Body=b"new")
    source = {"Bucket": kept, "Key": "tag", "VersionId": old["VersionId"]}
    administrator.copy(source, kept, "tag")
    assert administrator.get_object(Bucket=kept, Key="tag")["ETag"] == old["ETag"]
    assert len(administrator.list_object_versions(Bucket=kept)["Versions"]) == 3


def test_a_bucket_with_old_versions_alone_is_not_deleted(account: Account, kept: str, administrator: Any) -> None:
    administrator.put_object(Bucket=kept, Key="tag", Body=b"digest")
    administrator.delete_object(Bucket=kept, Key="tag")
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        account.client("s3").delete_bucket(Bucket=kept)


def test_a_signing_key_is_what_aws_derives() -> None:
    keyring = Keyring(lambda *_: True)
    keyring.add("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    said = keyring.answer("/private/derive-signing-key", SIGNED)
    assert said
    assert b64decode(said["derivedKey"]).hex() == ("f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d")


def test_an_unknown_access_key_has_no_signing_key() -> None:
    with pytest.raises(UnknownKeyError):
        Keyring(lambda *_: True).answer("/private/derive-signing-key", SIGNED)


@pytest.mark.parametrize(
    ("action", "waited"),
    [("s3:ListBucket", [LISTING_SECONDS]), ("s3:ListBucketVersions", [LISTING_SECONDS]), ("s3:GetObject", [])],
)
def test_only_a_page_of_a_listing_takes_its_time(action: str, waited: list[float]) -> None:
    slept: list[float] = []
    asked = {"accessKeyId": "AKIDEXAMPLE", "actions": [action], "resources": ["arn:aws:s3:::images"]}
    answer = Keyring(lambda *_: True, slept.append).answer("/private/evaluate-policy", asked)
    assert (answer, slept) == ({"decisions": [["allow"]]}, waited)


def test_each_page_of_a_listing_takes_its_time(administrator: Any) -> None:
    for name in ("one", "two", "three"):
        administrator.put_object(Bucket="images", Key=f"pages/{name}", Body=b"")
    paginator = administrator.get_paginator("list_objects_v2")
    pages = paginator.paginate(Bucket="images", Prefix="pages/", PaginationConfig={"PageSize": 1})
    begun = time.monotonic()
    assert len(list(pages)) == 3
    assert time.monotonic() - begun >= 3 * LISTING_SECONDS
