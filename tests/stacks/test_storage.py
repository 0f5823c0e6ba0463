"""The buckets of images and certificates, and the hosts' log."""

import pytest

from restore.__main__ import BUCKETS as BUCKETS_BY_OUTPUT
from restore.bucket import UPLOADS_RULE
from restore.layout import REPOSITORIES
from tests.support.assembly import Assembly, Synthesise, readable
from userdata.usage.book import key_of

BUCKETS = {"Images2D38C313", "State1C20CC9A"}
REGISTRY_UPLOAD_PURGE_HOURS = 168


def test_the_logical_ids_of_buckets_and_log_never_change(assembly: Assembly) -> None:
    """A changed id would be a new, empty bucket."""
    assert set(assembly.storage.of_type("AWS::S3::Bucket")) == BUCKETS
    assert set(assembly.storage.of_type("AWS::Logs::LogGroup")) == {"HostLogGroup7B408FE5"}


def test_the_restore_finds_each_bucket_by_its_output(assembly: Assembly) -> None:
    found = {assembly.storage.output(name) for name in BUCKETS_BY_OUTPUT.values()}
    assert found == {f"<{bucket}>" for bucket in BUCKETS}


@pytest.mark.parametrize("bucket", sorted(BUCKETS))
def test_a_bucket_is_private_encrypted_and_has_no_acls(assembly: Assembly, bucket: str) -> None:
    properties = assembly.storage.of_type("AWS::S3::Bucket")[bucket]["Properties"]
    closed = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    assert properties["PublicAccessBlockConfiguration"] == dict.fromkeys(closed, True)
    by_s3 = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    assert properties["BucketEncryption"] == {"ServerSideEncryptionConfiguration": [by_s3]}
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


@pytest.mark.parametrize("bucket", sorted(BUCKETS))
def test_a_bucket_answers_over_tls_only(assembly: Assembly, bucket: str) -> None:
    (policy,) = (
        policy["Properties"]["PolicyDocument"]
        for policy in assembly.storage.of_type("AWS::S3::BucketPolicy").values()
        if policy["Properties"]["Bucket"] == {"Ref": bucket}
    )
    (statement,) = policy["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Action"] == "s3:*"
    assert statement["Principal"] == {"AWS": "*"}
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert [readable(resource) for resource in statement["Resource"]] == [f"<{bucket}.Arn>", f"<{bucket}.Arn>/*"]


@pytest.mark.parametrize("bucket", sorted(BUCKETS))
def test_old_versions_expire_and_current_ones_never_do(assembly: Assembly, bucket: str) -> None:
    properties = assembly.storage.of_type("AWS::S3::Bucket")[bucket]["Properties"]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert properties["LifecycleConfiguration"]["Rules"][0] == {
        "Id": "bounded-history",
        "Status": "Enabled",
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 8},
        "ExpiredObjectDeleteMarker": True,
    }


def test_the_copy_that_an_upload_leaves_behind_is_paid_for_a_day_and_no_link_is_touched(assembly: Assembly) -> None:
    images = assembly.storage.of_type("AWS::S3::Bucket")["Images2D38C313"]["Properties"]
    _, rule = images["LifecycleConfiguration"]["Rules"]
    assert rule == {
        "Id": UPLOADS_RULE,
        "Status": "Enabled",
        "Prefix": REPOSITORIES,
        "ObjectSizeGreaterThan": 1024,
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }
    longest = f"sha512:{'0' * 128}"
    assert len(longest) < rule["ObjectSizeGreaterThan"]


def test_the_versions_of_the_usage_that_hosts_write_every_ten_minutes_are_kept_for_two_days(assembly: Assembly) -> None:
    state = assembly.storage.of_type("AWS::S3::Bucket")["State1C20CC9A"]["Properties"]
    _, rule = state["LifecycleConfiguration"]["Rules"]
    assert rule == {
        "Id": "usage",
        "Status": "Enabled",
        "Prefix": "usage/",
        "NoncurrentVersionExpiration": {"NoncurrentDays": 2},
    }
    assert key_of("registry.example.com").startswith(rule["Prefix"])


def test_an_upload_is_aborted_after_the_registry_gives_it_up(assembly: Assembly) -> None:
    for bucket in assembly.storage.of_type("AWS::S3::Bucket").values():
        days = bucket["Properties"]["LifecycleConfiguration"]["Rules"][0]["AbortIncompleteMultipartUpload"][
            "DaysAfterInitiation"
        ]
        assert days * 24 > REGISTRY_UPLOAD_PURGE_HOURS


def test_data_survives_a_destroy_and_a_replacement(assembly: Assembly) -> None:
    for name, resource in assembly.storage.body["Resources"].items():
        assert (name, resource["DeletionPolicy"]) == (name, "Retain")
        assert (name, resource["UpdateReplacePolicy"]) == (name, "Retain")
    assert assembly.manifest["artifacts"]["registry-storage"]["properties"]["terminationProtection"] is True


def test_data_is_deleted_only_when_asked_for_and_without_a_function(synthesise: Synthesise) -> None:
    removable = synthesise(remove_data=True)
    for name, resource in removable.storage.body["Resources"].items():
        assert (name, resource["DeletionPolicy"]) == (name, "Delete")
    assert removable.manifest["artifacts"]["registry-storage"]["properties"]["terminationProtection"] is False
    kinds = {each["Type"] for template in removable.templates for each in template.body["Resources"].values()}
    assert not {kind for kind in kinds if kind.startswith("Custom::")}
    assert not removable.storage.of_type("AWS::Lambda::Function")


def test_the_hosts_log_is_kept_for_three_months(assembly: Assembly) -> None:
    assert assembly.storage.properties("AWS::Logs::LogGroup") == {"RetentionInDays": 90}


def test_the_outputs_name_the_bucket_and_show_the_host_log(assembly: Assembly) -> None:
    assert assembly.storage.output("ImageBucket") == "<Images2D38C313>"
    shown = "aws logs tail <HostLogGroup7B408FE5> --since 1d --region <AWS::Region>"
    assert assembly.storage.output("HostLog") == shown


def test_an_adopted_bucket_is_named_and_nothing_of_it_is_in_the_template(synthesise: Synthesise) -> None:
    adopting = synthesise(image_bucket="team-images/registry")
    assert set(adopting.storage.of_type("AWS::S3::Bucket")) == {"State1C20CC9A"}
    (policy,) = adopting.storage.of_type("AWS::S3::BucketPolicy").values()
    assert policy["Properties"]["Bucket"] == {"Ref": "State1C20CC9A"}
    assert "team-images" not in str(adopting.storage.body["Resources"])
    assert adopting.storage.output("ImageBucket") == "team-images/registry"


def test_an_adopted_bucket_is_never_deleted(synthesise: Synthesise) -> None:
    assert "team-images" not in str(synthesise(image_bucket="team-images", remove_data=True).storage.body["Resources"])
