"""The copy in another region: its buckets, what S3 copies, and the permissions of S3's role."""

from collections.abc import Iterator
from typing import Any

import pytest

from stacks.regions import RegionError, check_region
from tests.support.assembly import Assembly, Synthesise, Template, readable, short
from tests.support.deployed import Calls, DeployedProduct, allowed, deployed
from tests.support.settings import only_error

REGION = "eu-west-1"
IMAGES, STATE = (f"registry-{kind}-<AWS::AccountId>-{REGION}" for kind in ("images", "state"))
OF_S3 = "arn:<AWS::Partition>:s3:::"


@pytest.fixture(scope="module")
def copied(synthesise: Synthesise) -> Assembly:
    return synthesise(replica_region=REGION)


@pytest.fixture(scope="module")
def replica(copied: Assembly) -> Template:
    assert copied.replica
    return copied.replica


def test_the_copies_are_in_the_other_region_and_there_before_the_rules(copied: Assembly) -> None:
    artifacts = copied.manifest["artifacts"]
    assert artifacts["registry-replica"]["environment"].endswith(f"/{REGION}")
    assert artifacts["registry-storage"]["environment"].endswith("/unknown-region")
    assert "registry-replica" in artifacts["registry-storage"]["dependencies"]


def test_without_the_setting_nothing_is_copied(assembly: Assembly) -> None:
    assert assembly.replica is None
    assert "Replication" not in str(assembly.storage.body)


def test_a_copy_is_as_protected_as_its_source(copied: Assembly, replica: Template) -> None:
    own = {"BucketName", "ReplicationConfiguration"}
    for name, bucket in copied.storage.of_type("AWS::S3::Bucket").items():
        copy = replica.of_type("AWS::S3::Bucket")[name]
        assert (copy["DeletionPolicy"], copy["UpdateReplacePolicy"]) == ("Retain", "Retain")
        source, same = (
            {key: value for key, value in each["Properties"].items() if key not in own} for each in (bucket, copy)
        )
        assert same == source
    policies = [each["Properties"]["PolicyDocument"] for each in replica.of_type("AWS::S3::BucketPolicy").values()]
    assert policies == [
        each["Properties"]["PolicyDocument"] for each in copied.storage.of_type("AWS::S3::BucketPolicy").values()
    ]
    assert copied.manifest["artifacts"]["registry-replica"]["properties"]["terminationProtection"] is True


def test_images_certificate_and_usage_are_copied_with_their_delete_markers(copied: Assembly) -> None:
    assert rules(copied, "Images2D38C313") == [("docker/", "Enabled", f"{OF_S3}{IMAGES}")]
    assert rules(copied, "State1C20CC9A") == [
        ("letsencrypt/", "Enabled", f"{OF_S3}{STATE}"),
        ("usage/", "Enabled", f"{OF_S3}{STATE}"),
    ]


def rules(copied: Assembly, bucket: str) -> list[tuple[str, str, str]]:
    """Prefix, copies of delete markers, and destination."""
    found = copied.storage.of_type("AWS::S3::Bucket")[bucket]["Properties"]["ReplicationConfiguration"]["Rules"]
    assert [rule["Status"] for rule in found] == ["Enabled"] * len(found)
    assert len({rule["Priority"] for rule in found}) == len(found)
    return [
        (rule["Filter"]["Prefix"], rule["DeleteMarkerReplication"]["Status"], readable(rule["Destination"]["Bucket"]))
        for rule in found
    ]


def test_the_role_reads_what_is_copied_and_writes_copies_and_nothing_else(copied: Assembly) -> None:
    (policy,) = copied.storage.of_type("AWS::IAM::Policy").values()
    seen = [
        (each["Sid"], short(resource))
        for each in policy["Properties"]["PolicyDocument"]["Statement"]
        for resource in (each["Resource"] if isinstance(each["Resource"], list) else [each["Resource"]])
    ]
    assert seen == [
        ("BucketImages", "<Images>"),
        ("ReadImages", "<Images>/docker/*"),
        ("CopyImages", f"{OF_S3}{IMAGES}/docker/*"),
        ("BucketState", "<State>"),
        ("ReadState", "<State>/letsencrypt/*"),
        ("ReadState", "<State>/usage/*"),
        ("CopyState", f"{OF_S3}{STATE}/letsencrypt/*"),
        ("CopyState", f"{OF_S3}{STATE}/usage/*"),
    ]
    (role,) = copied.storage.of_type("AWS::IAM::Role").values()
    (trusted,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "s3.amazonaws.com"}


def test_the_outputs_name_the_bucket_to_adopt(replica: Template) -> None:
    assert replica.output("ImageCopy") == IMAGES
    assert replica.output("StateCopy") == STATE


@pytest.fixture(scope="module")
def product(copied: Assembly) -> Iterator[DeployedProduct]:
    with deployed(copied) as product:
        yield product


def test_s3_copies_with_its_role_and_can_delete_nothing(product: DeployedProduct) -> None:
    s3: Any = product.acting_as("CopyRole")("s3")
    account = product.account.client("s3")
    names = {each["Name"] for each in account.list_buckets()["Buckets"]}
    (images,) = (name for name in names if name.endswith(f"-{REGION}") and "-images-" in name)
    source = product.physical["Images"]
    calls: Calls = {
        "read the configuration": lambda: s3.get_bucket_replication(Bucket=source),
        "delete a version of the copy": lambda: s3.delete_object(Bucket=images, Key="docker/a", VersionId="1"),
        "read the copy": lambda: s3.get_object(Bucket=images, Key="docker/a"),
        "write to the source": lambda: s3.put_object(Bucket=source, Key="docker/a", Body=b""),
        "open the copy": lambda: s3.delete_public_access_block(Bucket=images),
    }
    assert allowed(calls) == {"read the configuration"}
    configured = account.get_bucket_replication(Bucket=source)["ReplicationConfiguration"]
    assert configured["Rules"][0]["Destination"]["Bucket"].endswith(images)


def test_an_adopted_bucket_gets_no_rules_and_the_error_says_so() -> None:
    error = only_error(replica_region=REGION, image_bucket="team-images")
    assert error.startswith("replica_region: 'eu-west-1' with image_bucket 'team-images', ")


@pytest.mark.parametrize(("region", "longest"), [("eu-west-1", 32), ("ap-southeast-1", 28)])
def test_the_longest_prefix_still_makes_a_buckets_name(region: str, longest: int, synthesise: Synthesise) -> None:
    prefix = "p" * longest
    replica = synthesise(replica_region=region, name_prefix=prefix).replica
    assert replica
    name = replica.output("ImageCopy").replace("<AWS::AccountId>", "123456789012")
    assert len(name) <= 63
    if longest < 32:
        error = only_error(replica_region=region, name_prefix=f"{prefix}p")
        assert error.startswith(f"name_prefix: '{prefix}p' has {longest + 1} characters")


@pytest.mark.parametrize(
    ("replica_region", "problem"),
    [
        ("us-east-1", "is the registry's own"),
        ("us-gov-west-1", "not in the partition"),
        ("cn-north-1", "names end with"),
    ],
)
def test_a_region_to_which_nothing_can_be_copied_is_refused(replica_region: str, problem: str) -> None:
    with pytest.raises(RegionError, match=f"^replica_region: .*{problem}.*; expected "):
        check_region("us-east-1", replica_region)


def test_the_copys_region_is_accepted_while_the_own_is_unknown() -> None:
    check_region("", REGION)
    check_region("us-east-1", REGION)
