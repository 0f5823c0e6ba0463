"""Mishaps in an emulated S3 with versions, and what is there after a restore."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from restore import __main__ as command
from restore.bucket import Bucket, RefusedError
from restore.carry_out import carry_out
from restore.layout import BLOBS, REPOSITORIES, Kind, blob_key, layer_key, revision_key, tag_key, tags_prefix
from restore.plan import Plan
from restore.scope import NothingThereError, of_certificates, of_repository, of_tag, of_whole_bucket
from tests.support.versioned_bucket import NAME, VersionedBucket, at, digest_of

APP = "team/app"


def test_a_deleted_repository_comes_back_byte_for_byte(images: VersionedBucket) -> None:
    for number in range(3):
        images.push(APP, f"1.{number}", f"image {number}")
    before = images.contents()
    images.minute = 10
    images.delete_below(f"{REPOSITORIES}{APP}/")
    restored(images, repository(images.bucket))
    assert images.contents() == before


def test_a_deleted_tag_comes_back_without_reading_anything_of_the_others(images: VersionedBucket) -> None:
    images.push(APP, "1.0", "one")
    images.push(APP, "2.0", "two")
    before = images.contents()
    images.minute = 10
    images.delete_below(f"{tags_prefix(APP)}1.0/")
    plan = of_tag(images.bucket, APP, "1.0", at(5), only_missing=False)
    assert len(plan.changes) == 2
    restored(images, plan)
    assert images.contents() == before


def test_a_moved_tag_names_its_old_manifest_again_and_the_newer_image_stays(images: VersionedBucket) -> None:
    old = images.push(APP, "latest", "old")
    images.minute = 10
    new = images.push(APP, "latest", "new")
    restored(images, of_tag(images.bucket, APP, "latest", at(5), only_missing=False))
    now = images.contents()
    assert now[tag_key(APP, "latest")].decode() == old
    assert revision_key(APP, new) in now


def test_an_image_deleted_by_its_digest_comes_back_with_its_tag(images: VersionedBucket) -> None:
    digest = images.push(APP, "1.0", "one")
    images.minute = 10
    images.delete(revision_key(APP, digest), tag_key(APP, "1.0"))
    plan = of_tag(images.bucket, APP, "1.0", at(5), only_missing=False)
    assert [each.key for each in plan.changes] == [revision_key(APP, digest), tag_key(APP, "1.0")]


def test_a_tag_of_an_index_brings_the_images_of_all_platforms_back(images: VersionedBucket) -> None:
    digests = [images.push(APP, tag, f"for {tag}") for tag in ("amd64", "arm64")]
    index = json.dumps({"manifests": [{"digest": each} for each in digests]}).encode()
    images.push_manifest(APP, "1.0", index)
    before = images.contents()
    images.minute = 10
    images.delete_below(f"{REPOSITORIES}{APP}/_manifests/revisions/")
    images.delete_below(f"{REPOSITORIES}{APP}/_layers/")
    images.delete_below(BLOBS)
    restored(images, of_tag(images.bucket, APP, "1.0", at(5), only_missing=False))
    assert images.contents() == before


def test_objects_deleted_by_hand_come_back_whole(images: VersionedBucket) -> None:
    images.push(APP, "1.0", "one")
    images.push("other", "1.0", "two")
    before = images.contents()
    images.minute = 10
    images.delete_below("")
    assert not images.there()
    restored(images, of_whole_bucket(images.bucket, at(5), only_missing=False))
    assert images.contents() == before


def test_a_repository_brings_back_only_the_blobs_that_are_gone(images: VersionedBucket) -> None:
    images.push(APP, "1.0", "one")
    images.minute = 10
    gone = blob_key(digest_of(b"one"))
    images.delete(gone)
    assert [each.key for each in repository(images.bucket).changes] == [gone]


def test_a_repository_below_another_one_is_left_alone(images: VersionedBucket) -> None:
    images.push(APP, "1.0", "one")
    images.push(f"{APP}/web", "1.0", "two")
    images.minute = 10
    images.delete_below(f"{REPOSITORIES}{APP}/")
    restored(images, repository(images.bucket))
    assert tag_key(APP, "1.0") in images.there()
    assert tag_key(f"{APP}/web", "1.0") not in images.there()


def test_what_was_pushed_since_stays(images: VersionedBucket) -> None:
    images.push(APP, "1.0", "one")
    images.minute = 10
    images.push(APP, "2.0", "two")
    images.delete_below(f"{tags_prefix(APP)}1.0/")
    restored(images, of_whole_bucket(images.bucket, at(5), only_missing=False))
    assert {tag_key(APP, "1.0"), tag_key(APP, "2.0")} <= images.there()


def test_an_upload_that_never_ended_stays_gone(images: VersionedBucket) -> None:
    images.push(APP, "1.0", "one")
    upload = f"{REPOSITORIES}{APP}/_uploads/9d1c/startedat"
    images.put(upload, b"2026-11-27T12:00:00Z")
    images.minute = 10
    images.delete(upload)
    assert not of_whole_bucket(images.bucket, at(5), only_missing=False).changes


def test_content_of_which_no_version_is_left_is_named(images: VersionedBucket) -> None:
    images.push(APP, "1.0", "one")
    gone = blob_key(digest_of(b"one"))
    for each in images.s3.list_object_versions(Bucket=NAME, Prefix=gone)["Versions"]:
        images.s3.delete_object(Bucket=NAME, Key=gone, VersionId=each["VersionId"])
    assert repository(images.bucket).lost == (gone,)
    assert of_tag(images.bucket, APP, "1.0", at(5), only_missing=False).lost == (gone,)


def test_many_objects_of_many_repositories_are_listed_by_folder(
    images: VersionedBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bucket, "is_larger_than_a_page", lambda *_: True)
    for number in range(12):
        images.push(f"team-{number}/app", "1.0", f"image {number}")
    before = images.contents()
    images.minute = 10
    images.delete_below("")
    restored(images, of_whole_bucket(images.bucket, at(5), only_missing=False))
    assert images.contents() == before


def test_a_restore_that_was_cut_goes_on_where_it_ended(images: VersionedBucket) -> None:
    images.push(APP, "1.0", "one")
    before = images.contents()
    images.minute = 10
    images.delete_below("")

    class CutError(Exception):
        pass

    def cut(_back: int, _of_all: int) -> None:
        raise CutError

    with pytest.raises(CutError):
        carry_out(images.bucket, of_whole_bucket(images.bucket, at(5), only_missing=False), cut)
    blobs = {key for key in before if key.startswith(BLOBS)}
    assert images.there() == blobs
    rest = of_whole_bucket(images.bucket, at(5), only_missing=False)
    assert {each.key for each in rest.changes} == set(before) - blobs
    restored(images, rest)
    assert images.contents() == before


def test_many_delete_markers_are_removed_with_one_request(
    images: VersionedBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("restore.carry_out.MOST_DELETIONS", 4)
    for number in range(5):
        images.put(layer_key(APP, digest_of(str(number).encode())), b"link")
    images.minute = 10
    images.delete_below("")
    bucket = images.bucket
    carry_out(bucket, Plan(repository(images.bucket).of(Kind.LAYER)), lambda *_: None)
    assert bucket.requests == {"DeleteObjects": 2}
    assert len(images.there()) == 5


def test_a_refused_deletion_is_an_error_that_names_the_object(images: VersionedBucket) -> None:
    bucket = images.bucket
    bucket.s3.meta.events.register(
        "after-call.s3.DeleteObjects",
        lambda parsed, **_: parsed.update(Errors=[{"Key": "a", "Code": "AccessDenied", "Message": "Access Denied"}]),
    )
    with pytest.raises(RefusedError, match=r"refused 1 of 1 deletions of markers, the first of a: .*AccessDenied"):
        bucket.remove_markers([("a", "1")])


def test_a_repository_that_never_was_is_refused_with_similar_names(images: VersionedBucket) -> None:
    images.push(APP, "1.0", "one")
    with pytest.raises(NothingThereError, match=r"no repository 'team/ap' at that time; similar names: team/app"):
        of_repository(images.bucket, "team/ap", at(5), only_missing=False)


def test_a_tag_that_never_was_is_refused_with_similar_names(images: VersionedBucket) -> None:
    images.push(APP, "1.0", "one")
    with pytest.raises(NothingThereError, match=r"no tag '1.0.0' in team/app at that time; similar names: 1.0"):
        of_tag(images.bucket, APP, "1.0.0", at(5), only_missing=False)


def test_the_saved_certificate_comes_back_and_the_functions_memory_does_not(images: VersionedBucket) -> None:
    images.put("letsencrypt/registry.example.com.tar.gz", b"certificate")
    images.put("health/registry.example.com.json", b"{}")
    images.minute = 10
    images.delete_below("")
    restored(images, of_certificates(images.bucket, at(5), only_missing=False))
    assert images.there() == {"letsencrypt/registry.example.com.tar.gz"}


def run(*arguments: str) -> int:
    return command.main(["--bucket", NAME, "--as-of", at(5).isoformat(), *arguments])


def test_the_plan_is_shown_and_nothing_written_until_it_is_confirmed(
    images: VersionedBucket, capsys: pytest.CaptureFixture[str]
) -> None:
    old = images.push(APP, "latest", "old")
    images.push(APP, "1.0", "one")
    before = images.contents()
    images.minute = 10
    new = images.push(APP, "latest", "new")
    images.delete(tag_key(APP, "1.0"))
    assert run() == 0
    shown = capsys.readouterr().out
    assert f"{APP}:latest  {new[:19]} → {old[:19]}" in shown
    assert f"{APP}:1.0  gone → sha256:" in shown
    assert "removing 1 delete marker and copying 1 old version" in shown
    assert "Nothing was written. Add --yes" in shown
    assert tag_key(APP, "1.0") not in images.there()

    assert run("--yes") == 0
    assert "2 objects are back, with 3 requests to S3: 1 CopyObject, 1 DeleteObjects, 1 HeadObject" in (
        capsys.readouterr().out
    )
    now = images.contents()
    assert {key: now[key] for key in before} == before

    assert run("--yes") == 0
    assert "There is nothing to do." in capsys.readouterr().out


def test_only_missing_moves_no_tag_back(images: VersionedBucket) -> None:
    images.push(APP, "latest", "old")
    images.push(APP, "1.0", "one")
    images.minute = 10
    new = images.push(APP, "latest", "new")
    images.delete(tag_key(APP, "1.0"))
    assert run("--only-missing", "--yes") == 0
    now = images.contents()
    assert now[tag_key(APP, "latest")].decode() == new
    assert tag_key(APP, "1.0") in now


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tag", "1.0"], "--tag '1.0': --repository is missing"),
        (["--what", "state", "--repository", "a"], "--repository 'a': --what state has no repositories"),
        (["--repository", "a"], "there was no repository 'a' at that time"),
        (["--as-of", "2020-01-01T00:00Z"], "S3 keeps old versions for 30 days"),
    ],
)
def test_a_wrong_command_is_refused_before_anything_is_written(
    images: VersionedBucket, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(*arguments) == 2
    assert said in capsys.readouterr().err
    assert not images.there()


def test_a_bucket_without_versions_is_refused(images: VersionedBucket, capsys: pytest.CaptureFixture[str]) -> None:
    images.s3.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Suspended"})
    assert run() == 2
    assert "keeps no versions" in capsys.readouterr().err


def test_images_in_a_folder_of_the_bucket_come_back(
    images: VersionedBucket, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a bucket that another registry wrote may have them."""
    images.folder = "old/registry/"
    images.push(APP, "1.0", "one")
    moved = images.push(APP, "latest", "old")
    before = images.contents()
    images.minute = 10
    images.push(APP, "latest", "new")
    images.delete_below(f"{tags_prefix(APP)}1.0/")
    images.delete_below(BLOBS)
    assert run("--bucket", f"{NAME}/old/registry", "--yes") == 0
    now = images.contents()
    assert {key: now[key] for key in before} == before
    printed = capsys.readouterr().out
    assert printed.startswith(f"s3://{NAME}/old/registry as of ")
    assert f"{APP}:latest" in printed
    assert moved[:19] in printed


@pytest.mark.usefixtures("images")
def test_a_missing_permission_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    message = "User is not authorized to perform: s3:ListBucketVersions on resource images"
    answer: Any = {"Error": {"Code": "AccessDenied", "Message": message}}

    def refuse(*_: object, **__: object) -> None:
        raise ClientError(answer, "ListObjectVersions")

    monkeypatch.setattr(Bucket, "is_larger_than_a_page", refuse)
    assert run() == 1
    assert capsys.readouterr().err == "the permission s3:ListBucketVersions is missing.\n"


def test_a_registry_that_is_not_there_is_refused_by_its_stack(
    images: VersionedBucket, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["--as-of", at(5).isoformat()]) == 2
    assert "there is no stack 'registry-storage' in this account and region" in capsys.readouterr().err
    assert not images.there()


def repository(bucket: Bucket) -> Plan:
    return of_repository(bucket, APP, at(5), only_missing=False)


def restored(images: VersionedBucket, plan: Plan) -> None:
    assert plan.changes
    carry_out(images.bucket, plan, lambda *_: None)
